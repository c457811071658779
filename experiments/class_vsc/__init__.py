"""Class-consistent sparse coding: what class information buys, and what it costs."""
