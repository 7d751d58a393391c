"""The library behind the `sentiment` command: no click in it, no printing, no exits."""
