"""Works off new orders, as soon as the database tells of one."""

import os
import pathlib
import select
import signal
import sys

import psycopg2

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
password = pathlib.Path(os.environ["PGPASSWORD_FILE"]).read_text()
connection = psycopg2.connect(password=password)
connection.autocommit = True
cursor = connection.cursor()
cursor.execute("LISTEN orders")
print("ready", flush=True)
while True:
    cursor.execute("UPDATE orders SET state = 'sent' WHERE state = 'new' RETURNING id, item")
    for number, item in cursor.fetchall():
        print(f"order {number}: {item} is on its way", flush=True)
    select.select([connection], [], [])
    connection.poll()
    connection.notifies.clear()
