#ifndef CCURL_H
#define CCURL_H

// libcurl, and typed faces of its variadic calls.

#include <curl/curl.h>

typedef size_t (*soma_curl_sink)(char *bytes, size_t size, size_t count, void *context);

CURLcode soma_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode soma_curl_set_large(CURL *easy, CURLoption option, curl_off_t value);
CURLcode soma_curl_set_text(CURL *easy, CURLoption option, const char *value);
CURLcode soma_curl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode soma_curl_set_sinks(CURL *easy, soma_curl_sink header, soma_curl_sink body, void *context);
CURLMcode soma_curl_multi_set_long(CURLM *multi, CURLMoption option, long value);
// The transfer that ended and how; NULL when none did.
CURL *soma_curl_next_done(CURLM *multi, CURLcode *result);


// Microseconds until the request could be sent; 0 when it never could.
CURLcode soma_curl_connect_time(CURL *easy, curl_off_t *microseconds);
// What CURLOPT_PRIVATE was set to.
void *soma_curl_context(CURL *easy);

#endif
