"""`python -m speechsvc` is the command line."""

from speechsvc.cli.main import main

main()
