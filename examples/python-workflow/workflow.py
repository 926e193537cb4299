#!/usr/bin/env python3
"""A workflow service in Python, with nothing but the standard library.

It takes jobs from the queue, answers each word by word, and acknowledges the job when the answer is complete. Replace
`words_of` by whatever produces your answers. How the protocol works: docs/workflow-service.md.

    python3 workflow.py nats://workflow:PASSWORD@127.0.0.1:4222
"""

import json
import os
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from datetime import datetime, timezone

STREAM, CONSUMER = "WORKFLOW_REQUESTS", "workflow-processor"
PULL_SECONDS = 5
WORKING_SECONDS = 5  # the queue gives a job to somebody else after 20 s without a sign of life
PAUSE_SECONDS = float(os.environ.get("PAUSE_SECONDS", "0.03"))


class Nats:
    """As much of the NATS client protocol as a workflow needs: publish, subscribe, messages with headers."""

    def __init__(self, url, inbox_prefix):
        where = urllib.parse.urlparse(url)
        self.socket = socket.create_connection((where.hostname, where.port or 4222), timeout=10)
        self.reader = self.socket.makefile("rb")
        info = json.loads(self.reader.readline().split(b" ", 1)[1])
        if where.scheme == "tls" or info.get("tls_required"):
            context = ssl.create_default_context(cafile=os.environ.get("NATS_TLS_CA"))
            self.socket = context.wrap_socket(self.socket, server_hostname=where.hostname)
            self.reader = self.socket.makefile("rb")
        self.socket.settimeout(None)
        self.lock = threading.Lock()
        self.handlers = {}
        self.next_id = 0
        self.inbox = f"{inbox_prefix}.{os.urandom(8).hex()}"
        self.send(
            "CONNECT "
            + json.dumps(
                {
                    "verbose": False,
                    "pedantic": False,
                    "headers": True,
                    "no_responders": True,
                    "lang": "python",
                    "version": "1",
                    "name": "example workflow",
                    "user": urllib.parse.unquote(where.username or ""),
                    "pass": urllib.parse.unquote(where.password or ""),
                }
            )
        )

    def send(self, line, payload=None):
        data = line.encode() + b"\r\n"
        if payload is not None:
            data += payload + b"\r\n"
        with self.lock:
            self.socket.sendall(data)

    def publish(self, subject, message, reply=""):
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.send(f"PUB {subject} {reply} {len(payload)}".replace("  ", " "), payload)

    def subscribe(self, subject, handler):
        """Calls `handler(subject, reply, status, payload)` for each message. Returns what ends the subscription."""
        self.next_id += 1
        number = str(self.next_id)
        self.handlers[number] = handler
        self.send(f"SUB {subject} {number}")

        def close():
            self.handlers.pop(number, None)
            self.send(f"UNSUB {number}")

        return close

    def run(self):
        """Reads until the connection ends."""
        while True:
            line = self.reader.readline()
            if not line:
                raise ConnectionError("the connection to NATS has ended")
            words = line.decode().split()
            verb = words[0].upper() if words else ""
            if verb == "PING":
                self.send("PONG")
            elif verb in ("MSG", "HMSG"):
                self.deliver(verb, words[1:])
            elif verb == "-ERR":
                print("NATS:", line.decode().strip(), file=sys.stderr)

    def deliver(self, verb, words):
        sizes = 2 if verb == "HMSG" else 1
        reply = words[2] if len(words) == 3 + sizes else ""
        total = int(words[-1])
        payload = self.reader.read(total + 2)[:total]
        status = ""
        if verb == "HMSG":
            header_bytes = int(words[-2])
            status = payload[:header_bytes].decode().split("\r\n", 1)[0][len("NATS/1.0") :].strip()
            payload = payload[header_bytes:]
        handler = self.handlers.get(words[1])
        if handler is not None:
            handler(words[0], reply, status, payload)


def words_of(job):
    """The answer to a job, piece by piece. `conversation_history` holds what was said before."""
    said = job["message"]
    turn = len(job["context"]["conversation_history"]) // 2 + 1
    yield from f"This is turn {turn}, answered by a workflow written in Python. You said: {said}".split(" ")


class Answer:
    """One answer on its way: numbers its chunks, keeps the job alive, can be stopped."""

    def __init__(self, nats, job, acknowledge):
        self.nats, self.job, self.acknowledge = nats, job, acknowledge
        self.chunk_id = 0
        self.stopped = threading.Event()
        self.over = threading.Event()
        self.stop_replies = []

    def run(self):
        close = self.nats.subscribe(f"chat.message.{self.job['message_id']}.stop", self.stop)
        threading.Thread(target=self.keep_alive, daemon=True).start()
        words = 0
        try:
            for word in words_of(self.job):
                if self.stopped.is_set():
                    break
                self.chunk(word if words == 0 else " " + word)
                words += 1
                time.sleep(PAUSE_SECONDS)
            reason = "stopped" if self.stopped.is_set() else "stop"
            self.chunk("", final={"model": "python-example", "tokens_used": words, "finish_reason": reason})
        except Exception as problem:  # whatever goes wrong, the reader is told and the answer ends
            print("answer failed:", problem, file=sys.stderr)
            self.chunk("", final={"tokens_used": words}, error={"code": "internal_error", "message": "It failed."})
        self.over.set()
        for reply in self.stop_replies:
            self.nats.publish(reply, {"closed": True, "finish_reason": "stopped", "chunk_id": self.chunk_id - 1})
        close()
        self.acknowledge(b"+ACK")

    def chunk(self, text, final=None, error=None):
        chunk = {
            "session_id": self.job["session_id"],
            "message_id": self.job["message_id"],
            "generation": self.job["generation"],
            "chunk_id": self.chunk_id,
            "chunk": text,
            "chunk_type": "content",
            "is_final": final is not None,
            "timestamp": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
            "correlation_id": self.job["correlation_id"],
        }
        if final is not None:
            chunk["metadata"] = final
        if error is not None:
            chunk["error"] = error
        self.chunk_id += 1
        self.nats.publish(f"chat.session.{self.job['session_id']}.broadcast", chunk)

    def stop(self, _subject, reply, _status, _payload):
        if reply:
            self.stop_replies.append(reply)
        self.stopped.set()

    def keep_alive(self):
        while not self.over.wait(WORKING_SECONDS):
            self.acknowledge(b"+WPI")


def main(url):
    nats = Nats(url, "_INBOX_workflow")
    arrived = threading.Event()
    free = threading.Semaphore(100)

    def take(_subject, reply, status, payload):
        if not reply.startswith("$JS.ACK."):
            arrived.set()  # a status: nothing came in time, or the queue is being reorganised
            return
        job = json.loads(payload)
        # $JS.ACK.<stream>.<consumer>.<deliveries>.…, with domain and account before the stream on some servers
        parts = reply.split(".")
        deliveries = int(parts[4] if len(parts) == 9 else parts[6])
        if deliveries > 1:
            # Somebody has begun to answer and is gone. Readers have the beginning, and the pods end it with an error.
            nats.publish(reply, b"+TERM")
        else:
            answer = Answer(nats, job, lambda word: nats.publish(reply, word))
            threading.Thread(target=lambda: (free.acquire(), answer.run(), free.release()), daemon=True).start()
        arrived.set()

    nats.subscribe(f"{nats.inbox}.job", take)
    threading.Thread(target=lambda: pull(nats, arrived), daemon=True).start()
    print("waiting for jobs", flush=True)
    nats.run()


def pull(nats, arrived):
    """Asks for one job at a time: each request ends with a job or, after a while, with a status."""
    request = {"batch": 1, "expires": PULL_SECONDS * 1_000_000_000}
    while True:
        arrived.clear()
        nats.publish(f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{CONSUMER}", request, f"{nats.inbox}.job")
        if not arrived.wait(PULL_SECONDS + 1):
            time.sleep(1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: workflow.py nats://USER:PASSWORD@HOST:PORT")
    while True:
        try:
            main(sys.argv[1])
        except (OSError, ConnectionError) as problem:
            print(f"{problem}; again in 1 s", file=sys.stderr, flush=True)
            time.sleep(1)
