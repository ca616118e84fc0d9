"""Pretrained networks that turn speech into numbers every 20 to 24 ms."""
