"""A model server in the OpenAI form whose behaviour is the name of the model. Prints its port, counts its calls."""
import json
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler

calls = {}
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def refuse(self, status, message, headers=()):
        body = json.dumps({"error": {"message": message, "code": None}}).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def event(self, value, end=b"\n\n"):
        self.chunk(b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + end)

    def delta(self, delta, finish=None, end=b"\n\n"):
        self.event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": None}, end)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        model = body["model"]
        with lock:
            calls[model] = call = calls.get(model, 0) + 1
        assert body["stream"] is True and body["stream_options"]["include_usage"] is True
        if model == "key":
            return self.refuse(401, "bad key " + self.headers.get("authorization", "none"))
        if model == "missing":
            return self.refuse(404, "no such model")
        if model == "down" or (model == "flaky" and call < 3):
            return self.refuse(500, "out of order")
        if model == "limited" and call == 1:
            return self.refuse(429, "slow down", [("retry-after", "0")])
        if model == "banned":
            return self.refuse(429, "slow down", [("retry-after", "3600")])
        if model == "count":
            return self.refuse(400, json.dumps(calls))
        if model == "mute":
            time.sleep(30)
            return
        if model == "whole":
            message = {"message": {"role": "assistant", "content": "one two three"}, "finish_reason": "stop", "index": 0}
            answer = json.dumps({"choices": [message], "usage": {"prompt_tokens": 4, "completion_tokens": 3}}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            return
        end = b"\r\n\r\n" if model == "crlf" else b"\n\n"
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.chunk(b": hello" + end)
        if model == "rubbish":
            self.event(b"<html>")
            return self.chunk(b"")
        self.delta({"role": "assistant", "content": ""}, end=end)
        for word in ["one", " two"]:
            self.delta({"content": word}, end=end)
        if model == "stall":
            time.sleep(30)
            return
        if model == "cut":
            self.close_connection = True
            return self.connection.shutdown(2)
        if model == "broken":
            self.event({"error": {"message": "overloaded", "code": "overloaded"}})
            return self.chunk(b"")
        self.delta({"content": " three"}, end=end)
        self.delta({}, "stop", end=end)
        if model != "nousage":
            usage = {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7}
            self.event({"choices": [], "usage": usage}, end=end)
        if model != "nodone":
            self.event(b"[DONE]", end=end)
        self.chunk(b"")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
