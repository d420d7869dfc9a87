"""`python -m readiness` is the console script `tofu-state-ha-readiness`."""

from readiness.cli.main import console

if __name__ == "__main__":
    console()
