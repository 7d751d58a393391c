#!/bin/sh
# What `make run` does: reviews -> train -> serialize -> predict, with the best data at hand.
set -eu

if [ -n "${NSMC_DIR:-}" ]; then
    data=$NSMC_DIR
elif [ -f data/nsmc/ratings_train.txt ] && [ -f data/nsmc/ratings_test.txt ]; then
    data=data/nsmc
elif sentiment data --to data/nsmc; then
    data=data/nsmc
else
    data=data/sample.tsv
    echo
    echo "NSMC could not be had. Training on the small sample data/sample.tsv instead:"
    echo "good enough to see every step work, not to judge reviews with."
    echo
fi

sentiment train --data "$data"
sentiment serialize
echo
sentiment predict --fast \
    --text "정말 재밌게 잘봤습니다!" \
    --text "시간이 아깝다 ㅡㅡ" \
    --text "기대 안 했는데 배우들 연기가 좋아서 끝까지 몰입했네요" \
    --text "졸려 죽는 줄"
echo
echo "Serve it:   make serve"
echo "then ask:   curl -d '{\"text\": \"정말 재밌게 잘봤습니다!\", \"do_fast\": true}' http://127.0.0.1:5000/predict"
echo "Score a file:   .venv/bin/sentiment predict --fast reviews.csv -o scored.csv"
