"""Lines of boilerplate that the benchmark adds to posts."""

LINES = {
    "hashtags": [
        "#autumnvibes #coffeetime #bookstagram #citywalks #slowliving",
        "#周末去哪儿[话题]# #上海探店[话题]# #咖啡日记[话题]# #城市漫步[话题]# #生活碎片[话题]#",
        "#露营##户外生活##周末去哪玩##亲子时光##自驾游攻略#",
    ],
    "mentions": [
        "@北京日报 @央视新闻 @人民网 @新华视点 @头条新闻 @财经网",
        "@lonelyplanet @natgeotravel @bbcearth @visitnorway",
    ],
    "links": [
        "https://detail.shop.example.com/item.htm?id=6284719305&spm=a230r.1.14.16&ns=1&abbucket=20",
        "详情 http://t.cn/A6xYzQ1b http://t.cn/A6xYzQ2c http://t.cn/A6xYzQ3d",
        "www.example.org/blog/2024/11/how-to-plan-a-weekend-in-the-mountains-with-kids",
    ],
    "share": [
        "喜欢的宝子们记得点赞收藏加关注呀，咱们下期再见啦",
        "34 发布了一篇小红书笔记，快来看吧！ 😆 复制本条信息，打开【小红书】App查看精彩内容！",
        "If you enjoyed this, like, share and subscribe so that you never miss a new video!",
    ],
    "contact": [
        "团购咨询请加微信：lvxing_xiaozhu88，备注姓名和日期，工作时间九点到六点",
        "地址：杭州市西湖区文三路东部软件园创新大厦三楼",
        "Business enquiries: hello at example studio, London, or call our office on weekdays",
    ],
    "disclosure": [
        "This page contains affiliate links. If you buy through them we may receive a small commission, at no additional "
        "cost to you, which helps to keep the lights on. We only write about things that we have used ourselves. All "
        "opinions are our own.",
        "本文部分产品由品牌方提供，内容为个人真实体验，仅供参考，不构成任何购买建议",
        "As an Amazon Associate I earn from qualifying purchases made through the links above",
    ],
    "placeholder": [
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore.",
        "Pellentesque habitant morbi tristique senectus et netus et malesuada fames ac turpis egestas.",
    ],
    "repetition": ["哈" * 30, "hahahahahahahahahahahahahahahahahahahahaha", "冲鸭" * 16, "=" * 60 + "🔥" * 30],
}
"""Boilerplate, by kind."""
