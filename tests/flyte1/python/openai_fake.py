"""A fake of OpenAI for `openai_calls.py`: it keeps batches, answers questions, and writes down what it is asked."""

import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENDED = ("completed", "failed", "expired", "cancelled")


class Books:
    """What the fake knows. `troubles` are what becomes of the next calls: a status to refuse with, `reset`, or
    `lost`, which does what is asked and breaks the connection off."""

    def __init__(self):
        self.batches = []
        self.troubles = []
        self.asked = []
        self.says = None
        self.case = ""

    def newest_is(self, **told):
        self.batches[-1].update(told)

    def does(self, method, path, query, body):
        parts = urllib.parse.unquote(path).removeprefix("/v1/").split("/")
        if parts == ["chat", "completions"]:
            return 200, self.says
        if parts == ["batches"] and method == "GET":
            return 200, {"object": "list", "data": self.batches[::-1][:100], "has_more": False}
        if parts == ["batches"]:
            same = sum(batch["id"].startswith(f"{self.case} ") for batch in self.batches)
            self.batches.append(
                {"id": f"{self.case} {same}", "object": "batch", "status": "validating", "errors": None,
                 "created_at": int(time.time()), "output_file_id": None, "error_file_id": None,
                 "request_counts": {"total": 0, "completed": 0, "failed": 0}, "metadata": None, **body}
            )
            return 200, self.batches[-1]
        found = [batch for batch in self.batches if batch["id"] == parts[1]]
        if not found:
            return refusal(404, "No batch found")
        if parts[2:] == ["cancel"]:
            if found[0]["status"] in ENDED:
                return refusal(409, f"Cannot cancel a batch with status '{found[0]['status']}'.")
            found[0]["status"] = "cancelling"
        return 200, found[0]


def refusal(status, message):
    return status, {"error": {"message": message, "type": "invalid_request_error", "code": f"code_{status}"}}


def handler(books):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            body = json.loads(body) if body else None
            path, _, query = self.path.partition("?")
            call = {"call": f"{self.command} {path}", "body": body}
            for name in ("authorization", "openai-organization"):
                if name in self.headers:
                    call[name] = self.headers[name]
            books.asked.append(call)
            trouble = books.troubles.pop(0) if books.troubles else None
            if trouble == "reset":
                self.close_connection = True
                return
            if isinstance(trouble, int):
                status, said = refusal(trouble, "the fake was told to refuse")
            else:
                status, said = books.does(self.command, path, query, body)
            if trouble == "lost":
                self.close_connection = True
                return
            said = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    return Handler


def serve(port):
    """Serves on that port of this machine; the books are the caller's to read and write."""
    books = Books()
    service = ThreadingHTTPServer(("127.0.0.1", port), handler(books))
    threading.Thread(target=service.serve_forever, daemon=True).start()
    return books
