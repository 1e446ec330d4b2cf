# ruff: noqa: E501  word lists: one topic, one line
"""The words of the sample's notes, in Chinese (zh) and English (en): data for the grammar in `note_text.py`.

Fixed runs are short and most lines hold numbers, so that two notes do not share a passage by accident.
`{2-9}` stands for a number from 2 to 9.
"""

COLOURS = {
    "zh": {"red": "红色", "orange": "橙色", "yellow": "黄色", "green": "绿色", "blue": "蓝色", "purple": "紫色", "pink": "粉色", "white": "白色", "black": "黑色"},
    "en": {c: c for c in ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black")},
}  # fmt: skip
COUNTS = {"zh": ("", "一", "两", "三", "四"), "en": ("", "a", "two", "three", "four")}
PLACES = {
    "zh": {"left": "左边", "middle": "中间", "right": "右边"},
    "en": {"left": "on the left", "middle": "in the middle", "right": "on the right"},
}
SURFACES = {
    "zh": {"wood": "木桌面", "planks": "木栈道", "marble": "大理石台面", "cloth": "格子布", "rug": "圆地毯", "grass": "草地", "soil": "泥土地", "stone": "石板路", "asphalt": "柏油路", "sand": "沙地", "snow": "雪地"},
    "en": {"wood": "bare wood", "planks": "the boardwalk", "marble": "marble", "cloth": "checked cloth", "rug": "a round rug", "grass": "the grass", "soil": "bare earth", "stone": "stone slabs", "asphalt": "asphalt", "sand": "the sand", "snow": "the snow"},
}  # fmt: skip
LIGHTS = {
    "zh": {"morning": "清晨", "noon": "正午", "dusk": "黄昏", "night": "夜里"},
    "en": {"morning": "in the morning", "noon": "at noon", "dusk": "at dusk", "night": "at night"},
}
TOPIC_NAMES = {
    "zh": {"kitchen": "厨房", "garden": "花园", "desk": "书桌", "street": "街头", "beach": "海边", "pets": "宠物", "outfits": "穿搭", "travel": "旅行"},
    "en": {"kitchen": "kitchen", "garden": "garden", "desk": "desk", "street": "street", "beach": "beach", "pets": "pets", "outfits": "outfits", "travel": "travel"},
}  # fmt: skip
EMOJI = {
    "kitchen": "🍰🍵🍋",
    "garden": "🌷🌿🐝",
    "desk": "📚✏️💡",
    "street": "🚲🏙️☂️",
    "beach": "🌊🏖️🐚",
    "pets": "🐱🐶🧶",
    "outfits": "👗👟👜",
    "travel": "🎒⛺📷",
}

WHEN = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日", "月初", "月底", "立春", "雨后", "假期", "生日", "下班后", "午睡后", "停电那天"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "payday", "holiday", "laundry day", "my birthday", "moving day", "a rainy day", "day off", "the 1st", "the 30th"),
}  # fmt: skip
WITH = {
    "zh": ("和妈妈", "和室友", "一个人", "带着孩子", "和同事", "拉上表妹", "和老爸", "约了邻居", "陪奶奶", "跟男友", "和老同学", "喊上闺蜜"),
    "en": ("with mum", "with Leo", "all alone", "with the kids", "with my boss", "with Aunt Mei", "with dad", "with a neighbour", "with Grandma", "with Sam", "with old friends", "with my sister"),
}  # fmt: skip
FELT = {
    "zh": ("笑到肚子疼", "腰都直不起来", "比想象的简单", "差点翻车", "意外地治愈", "忘了时间", "拍了{20-90}张才满意", "省下{15-99}块", "被夸了{2-9}次", "花了{12-95}分钟", "试了{2-7}遍才成", "手机只剩{2-19}%的电"),
    "en": ("laughed for {2-20} minutes", "my back hurts", "easier than feared", "nearly failed", "oddly calming", "lost track of time", "took {20-90} shots", "saved {15-99} dollars", "{2-9} people asked", "spent {12-95} minutes", "got it on try {2-7}", "phone at {2-19}%"),
}  # fmt: skip
DOING = {
    "zh": {"kitchen": ("烤点心", "煲汤", "泡茶", "洗碗架", "试新菜", "做早饭"), "garden": ("松土", "浇花", "换盆", "拔草", "播种", "修枝"), "desk": ("收纳", "背单词", "赶稿", "换桌布", "理线", "写手账"), "street": ("逛老街", "骑车", "等公交", "拍夜景", "找小店", "避雨"),
           "beach": ("捡贝壳", "看日出", "堆沙堡", "踩浪", "野餐", "放风筝"), "pets": ("洗澡", "剪指甲", "学握手", "换粮", "搭猫窝", "打疫苗"), "outfits": ("配通勤装", "改裤脚", "洗球鞋", "叠衣服", "试新裙", "断舍离"), "travel": ("收行李", "搭帐篷", "看星星", "赶火车", "徒步", "等日落")},
    "en": {"kitchen": ("baking", "making soup", "brewing tea", "cleaning racks", "a new dish", "breakfast"), "garden": ("digging", "watering", "repotting", "weeding", "sowing", "pruning"), "desk": ("tidying", "flashcards", "a deadline", "new mat", "cable work", "journaling"), "street": ("old town", "a bike ride", "bus stop", "night shots", "shop hunting", "hiding from rain"),
           "beach": ("shell hunt", "sunrise", "sand castle", "wading", "picnic", "kite time"), "pets": ("bath time", "nail trim", "learning tricks", "new food", "cat house", "vet visit"), "outfits": ("work looks", "hemming", "shoe wash", "folding", "a new dress", "closet purge"), "travel": ("packing", "camping", "stargazing", "train rush", "hiking", "sunset wait")},
}  # fmt: skip

TIPS = {
    "zh": {
        "kitchen": ("黄油{15-95}克隔水化开", "低筋粉过筛{2-4}遍", "烤箱{150-230}度预热", "白糖放{2-6}勺就够", "面团醒{15-90}分钟", "牛奶分{2-5}次倒", "蛋白打到第{4-11}分钟起尖", "小火焖{8-45}分钟", "盐只要{2-9}克", "冷藏{2-12}小时再切", "柠檬挤{5-30}滴", "出锅撒芝麻{3-20}克"),
        "garden": ("隔{2-9}天浇透一次", "缓释肥埋{5-30}颗", "遮阳网挡{3-7}成光", "剪到第{2-6}个芽点", "土里拌{2-8}把珍珠岩", "花盆直径{12-40}厘米", "黄叶摘掉{3-25}片", "苗距留{8-45}厘米", "室温{16-26}度就发芽", "蚜虫喷{2-6}回肥皂水", "朝南窗晒{3-8}小时", "种子泡{4-24}小时"),
        "desk": ("屏幕离眼{50-85}厘米", "台灯调到{2-5}档", "抽屉分{3-12}格", "每坐{25-60}分钟站一站", "便签只贴{2-9}张", "线夹买{4-20}个", "书按颜色排{2-5}列", "键盘垫高{3-25}毫米", "番茄钟定{20-50}分钟", "桌面只留{3-9}样", "旧本子卖了{6-60}块", "周日清灰{5-30}分钟"),
        "street": ("地铁{2-9}号口出来", "步行{4-25}分钟到", "单车{3-15}块一小时", "{18-22}点以后人少", "拐过{2-6}个路口", "豆花{5-18}块一碗", "光圈开到{2-16}挡", "停车场满{2-6}次", "老书店在{2-7}楼", "公交坐{3-17}站", "快门压到1/{30-500}秒", "雨天打{5-9}折"),
        "beach": ("退潮在{4-17}点", "防晒补{3-8}次", "租伞{15-80}块一天", "沙堡挖{15-60}厘米深", "椰子{8-25}块一个", "浪高{2-4}米别下", "干毛巾带{2-6}条", "赶海走{2-9}公里", "快艇坐{4-12}人", "民宿离海{40-600}米", "贝壳泡水{2-12}小时", "日出前{15-50}分钟占位"),
        "pets": ("一天喂{40-260}克", "水温{35-39}度刚好", "零食掰成{3-9}块", "猫砂铺{5-12}厘米", "遛弯{15-70}分钟", "驱虫隔{2-6}个月", "体重涨了{2-9}两", "梳毛{8-60}下就跑", "玩具轮换{3-12}个", "疫苗打了{2-4}针", "窝里垫{2-5}层绒", "叫名字{3-20}声才理"),
        "outfits": ("裤长改短{2-9}厘米", "衬衫{110-180}度熨", "腰带打{2-7}个孔", "鞋码买{35-44}码", "同色系配{3-6}件", "洗{10-50}次不变形", "袖口卷{2-4}道", "预算{80-600}块封顶", "身高1米{50-85}显高", "羊毛占{20-90}%", "挂烫{10-50}秒一面", "衣柜只留{20-60}件"),
        "travel": ("背包装{25-65}升", "提前{5-60}天订票", "海拔{900-4800}米注意冷", "帐篷打{6-14}根地钉", "充电宝带{2-4}个", "徒步{4-28}公里", "高铁{35-290}分钟到", "住一晚{90-680}块", "路餐备{2-9}份", "云海{5-8}点最厚", "相机电池{2-6}块", "袜子装{3-9}双"),
    },
    "en": {
        "kitchen": ("melt {15-95} g of butter", "sift {2-4} times", "heat to {150-230} degrees", "sugar: {2-6} spoons", "rest {15-90} minutes", "pour milk in {2-5} goes", "whisk {4-11} rounds", "simmer {8-45} min", "salt, {2-9} g only", "chill {2-12} hours", "lemon: {5-30} drops", "top with {3-20} g sesame"),
        "garden": ("water every {2-9} days", "{5-30} grains of feed", "shade {30-70} percent", "cut at bud {2-6}", "{2-8} scoops of grit", "a {12-40} cm pot", "pick {3-25} dry leaves", "space them {8-45} cm", "sprouts at {16-26} C", "soap spray x{2-6}", "{3-8} hours of sun", "soak seeds {4-24} h"),
        "desk": ("screen at {50-85} cm", "lamp on step {2-5}", "{3-12} drawer boxes", "stand up each {25-60} min", "only {2-9} sticky notes", "buy {4-20} clips", "books in {2-5} rows", "raise keys {3-25} mm", "timer at {20-50} min", "keep {3-9} things out", "old pads sold for {6-60}", "dust {5-30} min"),
        "street": ("take exit {2-9}", "walk {4-25} minutes", "bikes cost {3-15} an hour", "quiet after {18-22}", "turn at block {2-6}", "noodles for {5-18}", "open up to f/{2-16}", "car park full {2-6} times", "books on floor {2-7}", "bus for {3-17} stops", "shutter 1/{30-500}", "{10-50}% off in rain"),
        "beach": ("low tide at {4-17}", "sunscreen x{3-8}", "parasols {15-80} a day", "dig {15-60} cm deep", "coconuts {8-25} each", "skip {2-4} m waves", "pack {2-6} towels", "wade {2-9} km", "boats seat {4-12}", "{40-600} m to the sea", "soak shells {2-12} h", "be there {15-50} min early"),
        "pets": ("{40-260} g of food a day", "bath at {35-39} C", "treats in {3-9} bits", "litter {5-12} cm deep", "walk {15-70} min", "worming each {2-6} months", "gained {90-450} g", "{8-60} brush strokes", "swap {3-12} toys", "{2-4} jabs done", "bed of {2-5} layers", "call {3-20} times"),
        "outfits": ("hem up {2-9} cm", "iron at {110-180} C", "belt hole {2-7}", "shoe size {35-44}", "{3-6} pieces, one tone", "{10-50} washes, no fade", "roll cuffs x{2-4}", "budget of {80-600}", "good at 1.{50-85} m", "{20-90}% wool", "steam {10-50} s a side", "own only {20-60} tops"),
        "travel": ("a {25-65} litre pack", "book {5-60} days ahead", "cold at {900-4800} m", "{6-14} tent pegs", "{2-4} power banks", "hike {4-28} km", "{35-290} min by train", "{90-680} a night", "{2-9} trail meals", "clouds peak at {5-8}", "{2-6} camera cells", "{3-9} pairs of socks"),
    },
}  # fmt: skip
JOINTS = {
    "zh": ("，", "，", "；", "，再", "，然后", "，记得", "，顺手", "，别忘了", "，最后", "，其实", "，反正", "，听说"),
    "en": (
        "; ",
        ", ",
        ", then ",
        ", and ",
        ". Also ",
        ". Next ",
        ", or ",
        ". Note: ",
        " (really), ",
        ", at last ",
        ". ",
        ", so ",
    ),
}
ASIDES = {
    "zh": ("踩坑{2-9}次换来的", "亲测{3-60}天", "懒人版", "新手也行", "{60-90}岁老人都会", "问了店主", "看书学的", "翻车{2-9}回", "抄作业吧", "细节在评论", "记在本子第{3-80}页", "老师教的"),
    "en": ("learnt in {3-60} days", "tested {3-60} days", "lazy version", "for ages {4-80} up", "even at {60-90}", "asked {2-9} people", "from a book", "failed {2-9} times", "copy me", "more below", "page {3-80} of my notes", "as taught"),
}  # fmt: skip
HEADS = {
    "zh": ("步骤", "小贴士", "清单", "笔记", "心得", "攻略", "避雷", "做法"),
    "en": ("Steps", "Tips", "List", "Notes", "What I learnt", "Guide", "Beware", "How"),
}
LOOKS = {
    "zh": ("小小的", "旧旧的", "新买的", "亮亮的", "圆润的", "可爱的", "手作的", "最爱的", "限量的", "二手的", "复古的", "轻巧的", "结实的", "迷你的", "心仪的", "打折的", "朴素的", "漂亮的", "网红的", "耐看的", "便宜的", "定制的", "光滑的", "憨憨的", "精致的", "百搭的", "闲置的", "进口的", "借来的", "同款的"),
    "en": ("tiny", "old", "brand-new", "shiny", "chubby", "lovely", "handmade", "favourite", "limited", "second-hand", "retro", "light", "sturdy", "mini", "borrowed", "bargain", "sweet", "neat", "quirky", "dusty", "plain", "fancy", "humble", "splendid",
           "glossy", "matte", "tall", "small", "cheap", "imported", "slim", "bold", "cosy", "soft-toned", "rare", "tidy", "cheerful", "charming", "faded", "bright", "dainty", "heavy", "trusty", "funny"),
}  # fmt: skip
CLEAN = {
    "zh": ("干净的", "微凉的", "晒暖的", "刚扫过的", "安静的", "老旧的", "平整的", "湿润的", "邻居家的", "空荡荡的", "熟悉的", "好看的", "宽敞的", "奶奶家的", "略斜的", "发亮的"),
    "en": ("clean ", "cool ", "sun-warmed ", "swept ", "quiet ", "worn ", "level ", "damp ", "wide ", "rough ", "soft ", "familiar ", "empty ", "sloping ", "gleaming ", "dry ", "freshly wiped ", "plain ", "sunny ", "good old "),
}  # fmt: skip
LINKS = {
    "zh": ("，", "，", "，", "；", "，还有", "，再就是"),
    "en": (", ", "; ", " / ", " and ", " plus ", " with ", ", then ", ", also ", ", next, ", " & "),
}
ENDINGS = {
    "zh": ("#日常 点赞收藏关注", "#生活碎片 求小红心❤️", "#治愈系 一键三连"),
    "en": ("#daily Like, save, follow!", "#slowliving Save for later ❤️", "#goodfinds Follow me ✨"),
}
"""Lines that many notes share, word for word: nobody's passage. They are short, so that with the
words before them they make no passage either; the long one of `FAREWELL` comes after a rare name."""
FAREWELL = "喜欢的宝子记得点赞收藏关注哦❤️我们下期见～"
NAMES = "晴岚禾苗舟鹿桃柚橙茉槐杉枫棠梨杏桐楠柏榆蕉藕荷莲菱芦苇蒲薇芸芷萱蓝紫青碧朱墨玄素绯黛翠霜雪雨露云雾虹霞星辰月阳曦晨暮夕夜川溪湖泽渊泉峰岭谷崖石沙岛港帆桨灯烛炉鼎琴瑟笛箫鼓钟磬筝弦棋画笺砚毫锦绸缎绫罗纱绢麻棉丝纹线针剪梭鸢雁鹤鹭鸥燕鹊莺鸽雀虎豹熊猴兔狸獭鲸鲤鲈鳗虾蟹贝螺糖蜜盐醋茶酒粥饼饺糕面米豆麦粟"
