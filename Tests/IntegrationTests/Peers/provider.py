"""A model server in the OpenAI form whose behaviour is the name of the model. Loopback only."""
import json
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def event(self, value):
        self.chunk(b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n")

    def delta(self, delta, finish=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self.event({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        model = body["model"]
        if model == "down":
            answer = b'{"error":{"message":"out of order","type":"server_error","param":null,"code":null}}'
            self.send_response(500)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if model == "slow":
            time.sleep(20)
            return
        if model == "rubbish":
            self.event(b"<html>not json")
            self.chunk(b"")
            return
        self.delta({"role": "assistant", "content": ""})
        for word in ["one", " two"]:
            self.delta({"content": word})
        if model == "cut":
            self.connection.close()
            return
        self.delta({"content": " three"})
        self.delta({}, "stop")
        if model == "good":
            usage = {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7}
            self.event({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage})
        self.event(b"[DONE]")
        self.chunk(b"")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
