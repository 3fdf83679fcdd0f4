#!/usr/bin/env python3
"""A CRM's side: takes webhooks that are really ours, and reads the feed for whatever they missed.

    SPEECHSVC=http://127.0.0.1:8321 SPEECHSVC_API_KEY=sk_... WEBHOOK_SECRET=whsec_... python crm_receiver.py events.db

Each event is stored once by its id, and the feed's cursor in the same transaction, so that a crash at any moment loses
and doubles nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from speechsvc.client import Client, Event, SignatureRejected, WebhookVerifier


def open_store(path: str) -> sqlite3.Connection:
    store = sqlite3.connect(path, timeout=30)
    store.execute("CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, seq INTEGER, type TEXT, data TEXT)")
    store.execute("CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT)")
    return store


def keep(store: sqlite3.Connection, event: Event) -> bool:
    """Whether it was new. Here a CRM would do its work, in the same transaction."""
    row = (event.id, event.seq, event.type, json.dumps(event.data, ensure_ascii=False))
    return store.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?)", row).rowcount == 1


def catch_up(store: sqlite3.Connection, client: Client) -> int:
    """Reads the feed from where it stood; how many events were new."""
    row = store.execute("SELECT cursor FROM position").fetchone()
    new = 0
    for event in client.changes(row[0] if row else None):
        with store:
            new += keep(store, event)
            store.execute("INSERT OR REPLACE INTO position VALUES (1, ?)", (event.cursor,))
    return new


def serve(path: str, verifier: WebhookVerifier, port: int) -> ThreadingHTTPServer:
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                event = verifier.verify(body, dict(self.headers))
            except SignatureRejected:
                self.answer(401)
                return
            if event.type != "webhook.test":
                store = open_store(path)
                with store:
                    keep(store, event)
                store.close()
            self.answer(204)

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *about: object) -> None:
            """Silent."""

    return ThreadingHTTPServer(("127.0.0.1", port), Receiver)


if __name__ == "__main__":
    database = sys.argv[1]
    with Client(os.environ["SPEECHSVC"], os.environ["SPEECHSVC_API_KEY"]) as service:
        print(catch_up(open_store(database), service), "new events from the feed")
    # during a rotation both secrets, parted by a space
    serve(database, WebhookVerifier(*os.environ["WEBHOOK_SECRET"].split()), 9000).serve_forever()
