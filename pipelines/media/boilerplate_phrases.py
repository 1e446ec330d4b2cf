"""Phrases by which a sentence is recognised as boilerplate: calls to share, contact lines, disclosures, placeholder text.

Chinese and English, in lower case. A phrase is listed only if a sentence with it has no other subject: "please pass this
on" alone is not, it stands in the middle of many a missing-person post.
"""

import re

_ACTS = ("点赞", "点个赞", "收藏", "关注", "转发", "评论", "分享", "订阅", "投币", "三连", "在看", "留言", "支持")
_ASKS = ("记得", "欢迎", "麻烦", "快来", "别忘了", "别忘")
_LABELS = (
    "微信",
    "wechat",
    "vx",
    "wx",
    "v信",
    "薇信",
    "qq",
    "电话",
    "手机",
    "热线",
    "地址",
    "邮箱",
    "店址",
    "营业时间",
    "预约",
    "咨询",
    "客服",
    "联系人",
    "联系方式",
    "公众号",
    "tel",
    "phone",
    "mobile",
    "fax",
    "e-mail",
    "email",
    "whatsapp",
    "telegram",
    "skype",
    "address",
    "opening hours",
)
_ARTICLES = ("广告", "推广", "赞助", "商业", "返利", "佣金", "品牌方", "寄送", "提供")

SHARE = (
    *(f"{act}[^\\n。！!？?；;]{{0,3}}(?:{'|'.join(_ACTS)})" for act in _ACTS),
    *(f"{ask}(?:给我)?(?:点个?赞|收藏|加?关注|订阅|三连)" for ask in _ASKS),
    *("转发微博", "分享图片", "分享视频", "网页链接", "原文链接", "一键三连", "发布了一篇小红书", "戳链接", "戳主页"),
    "复制(?:本|这|此|整|该)(?:条|段)?(?:信息|内容|消息|口令|文字)",
    "打开(?:【[^】\\n]{1,12}】|小红书|抖音|淘宝|快手|微博|支付宝)",
    *("查看(?:精彩|全文|原文|更多)", "主页(?:置顶|链接|自取)", "评论区(?:置顶|链接|自取)"),
    *("关注我(?![国省市们])", "关注(?:一下)?(?:博主|我们的?(?:公众号|账号|主页))"),
    r"like,? (?:and|&|share|comment|save)[ ,&]*(?:and )?(?:share|subscribe|follow|comment|save)",
    *(r"follow (?:me|us|along)\b", "follow for more", r"subscribe (?:to (?:my|our|the channel)|for more|now\b)"),
    *("hit (?:the|that) (?:bell|like|subscribe)", "turn on (?:post )?notifications", "double tap", "swipe up"),
    *("link in (?:my |the |our )?(?:bio|profile)", "links in (?:my |the |our )?(?:bio|profile)", "comment below", "link below"),
    *("links below", "in the comments", "pin (?:this|it) for later", "tag (?:a|your) (?:friend|bestie)", "my newsletter"),
    *("share (?:this )?with (?:a|your) friends?", "share this (?:post|article|page|recipe|video)", "our newsletter"),
    *("save (?:this )?(?:post|for later)", "sent from my (?:iphone|ipad|android|phone|galaxy)", "shared via", "shared from "),
)
CONTACT = (
    *(rf"{label}(?:号码?|群)?\s?[:：]" for label in _LABELS),
    "加(?:我|v|vx|微信?|qq)[^\\n。！!？?]{0,4}[a-z0-9]",
    *("扫码", "扫一扫", "私信(?:我|咨询|领取)", "联系(?:我们|客服)", "商务(?:合作|联系)", "欢迎(?:咨询|来电|致电|垂询)"),
    *("business (?:inquir|enquir)", "press (?:inquir|enquir)", "booking (?:inquir|enquir)", r"contact (?:us|me)\b"),
    r"for (?:inquiries|enquiries|orders|bookings|collabs?|collaborations?)\b",
    *(r"dm (?:us|me)\b", r"email (?:us|me)\b", r"whatsapp (?:us|me)\b", r"visit (?:us\b|our (?:website|store|shop|site|page))"),
)
DISCLOSURE = (
    *("affiliate (?:link|program|partner|commission|disclos|marketing)", "amazon associate", "associates program"),
    *(
        rf"{verb} (?:me |us )?(?:an? )?(?:very |small |tiny |modest |little |referral |affiliate )*(?:commission|kickback)"
        for verb in ("earn", "receive", "get", "make")
    ),
    *(f"{no} (?:extra|additional|added) (?:cost|charge|fee)" for no in ("no", "any", "without")),
    *(
        "qualifying purchase",
        "sponsored (?:post|content|link|in part)",
        "paid (?:partnership|promotion|collaboration|advertis)",
    ),
    *(
        "in (?:paid )?partnership with",
        "in (?:paid )?collaboration with",
        "pr (?:sample|gift|package)",
        "press (?:sample|trip)",
    ),
    *(
        rf"{view}s?(?: expressed| shared)?(?: here| in this (?:post|article|video))? (?:are|remain) (?:\w+ )?(?:my|our|mine)\b"
        for view in ("opinion", "view", "thought")
    ),
    *(r"gifted (?:by|item|product|me|to)\b", "product was (?:provided|sent|gifted)", "products were (?:provided|sent|gifted)"),
    *("disclosure(?:s|:| policy| page)", "disclaimer:", "privacy policy", "all rights reserved", "unsubscribe"),
    *("referral (?:link|code)", "discount code", "promo code"),
    "this (?:post|article|page|video|blog|site) (?:contains?|may contain|includes?|(?:is|was) sponsored)",
    *("利益相关", "免责声明", "版权所有", "版权归", "仅供参考", "不构成(?:任何)?(?:投资)?建议", "如有侵权", "侵权?(?:必)?删"),
    *("图(?:源|片来源)(?:于|自)?网络", "转载请(?:注明|联系)", "未经(?:作者)?(?:授权|许可|允许)", "不代表(?:本|平台|官方)"),
    *("广告(?:合作|推广)", "品牌(?:合作|推广)", "商业(?:合作|推广)", "合作(?:笔记|推广)", "返佣", "带货佣金"),
    rf"本(?:文|帖|视频|笔记|内容|账号|产品)[^\n。！!？?]{{0,8}}(?:{'|'.join(_ARTICLES)})",
    r"产品(?:由|为)[^\n。！!？?]{0,12}(?:提供|赠送|寄送)",
)
_CUES = (*SHARE, *CONTACT, *DISCLOSURE)
SENTENCE_CUES = (
    re.compile("|".join(cue for cue in _CUES if not cue[0].isascii())),
    re.compile(rf"(?<![a-z])(?:{'|'.join(cue for cue in _CUES if cue[0].isascii())})"),
)
"""A match makes its sentence boilerplate. In two patterns, for speed: `re` tests the first characters of the Chinese phrases
at once, and the English ones only where a word begins."""

_LOREM = """
a ac accumsan ad adipiscing aenean alias aliqua aliquam aliquet aliquip amet anim ante architecto at atque
auctor augue aute beatae bibendum blandit cillum commodo condimentum congue consectetur consequat consequatur
convallis cras culpa cupidatat curabitur cursus dapibus debitis delectus deserunt diam dictum dictumst
dignissim dis distinctio do dolor dolore dolorem doloremque dui duis ea efficitur egestas eget eiusmod
eleifend elementum elit enim erat eros error esse est et eu euismod eum ex excepteur exercitation expedita
explicabo facilisi facilisis fames faucibus felis fermentum feugiat finibus fringilla fugiat fugit fusce
gravida habitant habitasse hac harum hendrerit iaculis id imperdiet in inventore incididunt integer interdum
ipsa ipsam ipsum irure iste iusto justo labore laboris laborum lacinia lacus laoreet laudantium lectus leo
libero ligula lobortis lorem luctus maecenas magna magnis malesuada massa mattis mauris maximus metus mi minim
mollis mollit molestie montes morbi nam natoque natus nec neque nemo netus nibh nihil nisi nisl non nostrud
nulla nullam nunc obcaecati occaecat odio odit officia omnis orci ornare parturient pariatur pellentesque
penatibus perspiciatis pharetra phasellus placerat platea porta porttitor posuere potenti praesent pretium
primis proident proin pulvinar purus quae quam quasi qui quia quis quisque repellendus reprehenderit rhoncus
ridiculus risus rutrum sagittis sapien scelerisque sed sem semper senectus sit sint sodales sollicitudin
suscipit suspendisse tellus tempor tempora tempus tincidunt tortor totam tristique turpis ullamco ullamcorper
ultrices ultricies unde urna ut varius vehicula vel velit veniam venenatis vero vestibulum vitae vivamus
viverra volutpat voluptas voluptate voluptatem vulputate
"""
LOREM_IPSUM = re.compile(rf"(?:\b(?:{'|'.join(sorted(_LOREM.split(), key=len, reverse=True))})\b[\s,.;:?!]*){{4,}}")
"""Four words in a row of the placeholder text that typesetters and its generators use."""
LOREM_WORDS = ("ipsum", "dolor", "lorem", "elit", "vestibulum", "tempor", "pellentesque", "voluptat")
"""A text without one of these has no placeholder text: a cheap first test."""
