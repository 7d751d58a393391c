"""The texts of the golden set, answered when an artifact is sealed and again wherever it is loaded.

All were written for this project. Beside everyday reviews they cover the kinds of text on which
cleaning and featurizing could differ between two machines.
"""

import unicodedata

_REVIEWS = """\
정말 재밌게 잘봤습니다!
시간이 아깝다 ㅡㅡ
기대 안 했는데 배우들 연기가 좋아서 끝까지 몰입했네요
졸려 죽는 줄
최고의 영화
최악의 영화
ㅋㅋㅋㅋㅋㅋㅋㅋ 완전 꿀잼
ㅠㅠㅠㅠ 너무 슬퍼서 펑펑 울었어요
스토리가 너무 뻔하고 지루하다
음악이 다 했다... OST 굿
돈 주고 보기 아까운 영화
다시 봐도 명작은 명작
감독이 무슨 생각으로 만든 건지 모르겠음
아이들과 함께 보기 좋아요
재미없지는 않은데 재미있지도 않다
별 다섯 개도 모자라요
1점도 아깝다
10점 만점에 10점
연출 연기 각본 뭐 하나 빠지는 게 없네
배우가 아깝다
이게 왜 평점이 높지? 알바 풀었나
수면제로는 최고
여운이 오래 남는 영화
CG가 너무 티나서 몰입이 안 됨
생각보다 괜찮았어요
생각보다 별로였어요
안 본 사람 없게 해주세요
안 본 눈 삽니다
not bad
So boring...
Best movie ever!!!
진짜재밌어요꼭보세요강추합니다
내용도없고재미도없고감동도없다
노잼
굿
헐
그냥 그래요
엔딩이 충격적이다. 소름 돋음
억지 감동 억지 눈물
가족끼리 보기에 딱 좋은 따뜻한 영화입니다
원작을 망쳐놨다
액션은 볼만한데 대사가 오글거림
두 시간이 순식간에 지나갔어요
중간에 나가고 싶었다"""

_EDGE_CASES = (
    "",
    " ",
    "\t\n\r",
    "\x00\x01\x02",
    "\ufffd\ufffd",
    "\u200b\u200d\ufeff",
    ".",
    "?!?!?!",
    "0",
    "ㅋ",
    "ㅠㅠ",
    "ㄱㅅ ㅇㅈ ㅋㅋ",
    "  앞뒤로   빈칸이\t많은\n\n리뷰  ",
    "재미\x00있\x07어요",
    "😀👍🏽❤️ 최고예요",
    "👨‍👩‍👧‍👦 가족 영화",
    "映画は最高でした",
    "Фильм хороший",
    "فيلم جميل",
    "ＦＵＬＬ　ＷＩＤＴＨ 영화",
    "﻿BOM으로 시작하는 리뷰",
    "a" + "\u0301" * 40,
    "\u1112\u1161\u11ab 옛 자모",
    "<b>태그</b> &amp; 'quote' \"double\", comma\ttab",
    "아" * 300,
    "재밌다 " * 150,
    "재미없다" * 200,
)


def everyday_reviews() -> list[str]:
    """Return those of the golden texts that are reviews as most people write them."""
    return _REVIEWS.split("\n")


def golden_texts() -> list[str]:
    """Return the golden texts: everyday reviews, some of them decomposed to NFD, and edge cases."""
    reviews = everyday_reviews()
    decomposed = [unicodedata.normalize("NFD", review) for review in reviews[:8]]
    return [*reviews, *decomposed, *_EDGE_CASES]
