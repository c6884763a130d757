"""Speed and memory of the program, measured from outside as its users meet it."""
