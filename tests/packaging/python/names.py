"""Answers every question for an address of a name with 127.0.0.1, on port 53 of this machine."""

import socket

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
while True:
    question, who = server.recvfrom(512)
    end = question.index(0, 12) + 5
    is_address = question[end - 4 : end - 2] == b"\0\1"
    counts = b"\0\1\0\1\0\0\0\0" if is_address else b"\0\1\0\0\0\0\0\0"
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1" if is_address else b""
    server.sendto(question[:2] + b"\x81\x80" + counts + question[12:end] + answer, who)
