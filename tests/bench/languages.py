"""Sentences of eleven languages that the mouth network was neither trained on nor tuned by."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, tuple[str, ...]] = {
    "gmw/en": (
        "Nobody told me about the meeting, so I came an hour too late.",
        "The purple umbrella belongs to my brother Ben.",
        "We painted the wooden bench in the park this spring.",
        "How many people will come to your birthday party?",
    ),
    "roa/fr": (
        "Mon père préfère une promenade au bord de la mer.",
        "La bibliothèque municipale ouvre à neuf heures.",
        "Combien de personnes habitent dans ce bâtiment ?",
        "Il a oublié son parapluie bleu dans le métro.",
    ),
    "gmw/de": (
        "Mein Bruder bezahlt die Miete immer am ersten des Monats.",
        "Die Suppe braucht noch ein bisschen Pfeffer und Butter.",
        "Wo beginnt der Umzug durch die Altstadt?",
        "Im Park spielten gestern Abend viele Kinder.",
    ),
    "roa/es": (
        "El tren para Bilbao sale temprano por la mañana.",
        "Me gusta beber café con leche después de comer.",
        "¿Dónde puedo comprar un billete para el autobús?",
        "Nuestro pueblo celebra su fiesta en septiembre.",
    ),
    "sit/cmn-Latn-pinyin": (
        "我们明天早上八点在学校门口见面。",
        "妈妈买了面包、苹果和一瓶牛奶。",
        "北京的冬天比上海冷得多。",
        "请把门关上，别忘了带雨伞。",
    ),
    "jpx/ja": (
        "あしたのあさ、えきのまえであいましょう。",
        "ぼくのいもうとはピアノをひくのがすきです。",
        "まいばん、ほんをよんでからねます。",
        "このみせのパンはとてもおいしいです。",
    ),
    "sem/ar": (
        "ذهب أبي إلى السوق ليشتري الخبز والبيض.",
        "متى يبدأ البرنامج مساء اليوم؟",
        "المكتبة قريبة من باب الجامعة.",
        "أحب أن أشرب القهوة مع أمي في الصباح.",
    ),
    "inc/hi": (
        "मेरे भाई को पढ़ना बहुत पसंद है।",
        "बाज़ार से सब्ज़ी और फल लेकर आना।",
        "आप कब तक यहाँ रहेंगे?",
        "बच्चे बगीचे में गेंद से खेल रहे हैं।",
    ),
    "zle/ru": (
        "Мой брат любит играть на пианино по вечерам.",
        "Автобус прибывает на вокзал в половине пятого.",
        "Бабушка приготовила вкусный обед для всей семьи.",
        "Почему ты не позвонил мне вчера?",
    ),
    "roa/pt": (
        "O meu irmão comprou um barco pequeno e branco.",
        "A biblioteca fica perto da ponte sobre o rio.",
        "Podemos beber um café depois do almoço?",
        "As pombas voam por cima da praça todas as manhãs.",
    ),
    "trk/tr": (
        "Babam her sabah bahçede kahve içer.",
        "Bu müzede birçok eski tablo var.",
        "Yarın akşam bize gelebilir misiniz?",
        "Pembe bir şemsiye ve büyük bir çanta aldım.",
    ),
}
"""By espeak-ng's voice."""
