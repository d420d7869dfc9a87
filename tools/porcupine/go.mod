// Judges histories with porcupine, to cross-check readiness/checkers (docs/linearizability.md). No part of a run.
module tofu-state-ha-readiness/tools/porcupine

go 1.26.0

require github.com/anishathalye/porcupine v1.3.1
