#!/bin/sh
# Trains the explainers that come with the sample's nets, each with the program's own trainer:
#
#     sh explainers.sh SIGHTLINE_CLI FOLDER [OUTPUT] [KIND...]
#
# FOLDER holds training pictures made by folder.py; how many each file has seen stands in ../README.md. The files go to
# OUTPUT, ../models if not given; those of the KINDs alone, if any are. What was interrupted goes on where it was.
# For tests/bench/trained.py, in the environment: SEED (0), NETS (both), SETTINGS (further PARAM=VALUE).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cli=$1 folder=$2 models=$here/../models
output=${3:-$models}
shift 2
[ $# = 0 ] || shift
kinds=$*
mkdir -p "$output"

# NET KIND [PARAM=VALUE]...
make () {
  net=$1 kind=$2 settings=
  shift 2
  case " ${kinds:-$kind} " in *" $kind "*) ;; *) return ;; esac
  case " ${NETS:-$net} " in *" $net "*) ;; *) return ;; esac
  for value in "$@" ${SETTINGS:-}; do settings="$settings --set $value"; done
  # One thread: the same bytes every time.
  "$cli" train "$kind" --model "$models/$net.onnx" --images "$folder" --labels "$folder/labels.csv" $settings \
    --output "$output/$net.$kind.explainer.onnx" --seed "${SEED:-0}" --threads 1 --keep-prepared --resume
}

# Two at a time, for two cores.
{
  make scenes-cnn bla
  make scenes-cnn ltx maps=per-class lambda=50 inverse=3 batch=16 learning-rate=1e-3 steps=1200 \
    validate-every=120 validation=128
  make scenes-cnn tve steps=800 cells=4 validation=32 validate-every=200
  make scenes-cnn l2x validation=256 validate-every=250
} &
{
  make scenes-vit ltx maps=per-class lambda=10 batch=16 learning-rate=5e-4 steps=400 validate-every=40 \
    validation=128
  make scenes-cnn nn-explainer area-growth=0.5 area-min=0.02 entropy-weight=2.5 area-weight=0.95 steps=1500 \
    validation=64 validate-every=300
  make scenes-vit tve steps=1200 cells=4 learning-rate=1e-3 validation=32 validate-every=200
  make scenes-vit l2x validation=256 validate-every=250
}
wait
