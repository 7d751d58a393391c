"""The library behind the `sentiment` command. It uses no click, prints nothing and never exits."""
