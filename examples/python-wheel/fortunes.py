"""Answers every request with a saying."""

import argparse
import http.server
import random

SAYINGS = ["A ship in harbour is safe.", "Smooth seas make no sailors.", "Every port has its price."]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (random.choice(SAYINGS) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    with http.server.ThreadingHTTPServer(("", port), Handler) as server:
        print(f"listening on port {port}", flush=True)
        server.serve_forever()
