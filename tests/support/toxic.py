# SPDX-License-Identifier: Apache-2.0
"""A relay between two unix sockets that can stall, cut, slice or lie."""

import os
import socket
import threading
import time


class Toxic:
    """mode: pass, refuse, stall, cut, limit, slice, slow; or bytes, said for every answer."""

    def __init__(self, where, name, target):
        self.socket, self.target = where / f"{name}.sock", str(target)
        self.mode = "pass"
        self.open = set()
        self.accepted = 0
        self.held = []  # questions that have met a stall
        self.closed = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.socket))
        os.chmod(self.socket, 0o666)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"unix://{self.socket}"

    host = url

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed.set()
        self.listener.close()
        self.cut()

    def be(self, mode, cut=False):
        self.mode = mode
        if cut:
            self.cut()

    def cut(self):
        for s in list(self.open):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self.mode == "refuse":
                client.close()
                continue
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.target)
        except OSError:
            client.close()
            return
        self.open |= {client, server}
        back = threading.Thread(target=self.pump, args=(server, client, True), daemon=True)
        back.start()
        self.pump(client, server, False)
        back.join()
        self.open -= {client, server}
        client.close()
        server.close()

    def pump(self, source, sink, answers):
        try:
            while data := source.recv(1 << 16):
                if self.mode == "stall" and not answers:
                    self.held.append(data)
                while self.mode == "stall" and not self.closed.wait(0.02):
                    pass
                if self.mode == "cut" and answers:
                    break
                if self.mode == "limit" and answers:
                    sink.sendall(data[:3])
                    break
                if isinstance(self.mode, bytes):
                    if answers:
                        continue
                    source.sendall(self.mode)
                    continue
                if self.mode == "slice":
                    for byte in data:
                        sink.sendall(bytes([byte]))
                elif self.mode == "slow":
                    time.sleep(0.05)
                    sink.sendall(data)
                else:
                    sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
