"""The command that maps a table's columns to ours, ready to be pasted."""

import re
import shlex
from collections.abc import Collection, Mapping

import pyarrow as pa

THEIRS: Mapping[str, tuple[str, ...]] = {
    "note_id": (
        *(
            "noteid",
            "id",
            "postid",
            "itemid",
            "post",
            "note",
            "noteidx",
            "docid",
            "key",
            "productid",
            "articleid",
            "parentasin",
        ),
        *("asin", "sku", "movieid", "newsid", "videoid", "awemeid", "weiboid", "mid", "笔记id", "作品id", "微博id"),
    ),
    "title": (
        "title",
        "headline",
        "name",
        "notetitle",
        "displaytitle",
        "productdisplayname",
        "productname",
        "标题",
        "作品标题",
    ),
    "body": (
        *("body", "desc", "content", "text", "description", "caption", "notecontent", "article", "fulltext", "comment"),
        *("描述", "作品描述", "正文", "微博正文", "内容"),
    ),
    "topic": (
        *("topic", "category", "cat", "taxonomy1id", "label", "typename", "mastercategory", "maincategory"),
        *("话题", "分类"),
    ),
    "images": (
        *(
            "images",
            "imagelist",
            "pics",
            "pictures",
            "photos",
            "imageurls",
            "imagepath",
            "image",
            "cover",
            "imageurl",
            "picurls",
        ),
        *("imagename", "filename", "photo", "url", "图片地址url列表", "原始图片url", "微博图片url", "下载地址"),
    ),
    "like_count": (
        *("likecount", "likedcount", "likes", "likenum", "numlikes", "accumlikenum", "favorites", "attitudescount"),
        *("favoritecount", "ratingnumber", "点赞数", "点赞数量"),
    ),
    "collect_count": ("collectcount", "collectedcount", "saves", "collects", "收藏数", "收藏数量"),
    "comment_count": ("commentcount", "comments", "numcomments", "commentscount", "评论数", "评论数量"),
    "share_count": ("sharecount", "shares", "sharedcount", "repostscount", "分享数", "分享数量", "转发数"),
    "author_id": ("authorid", "author", "creatorid", "作者id", "用户id"),
    "published_at": (
        *("publishedat", "time", "createdat", "createtime", "publishtime", "at", "date", "timestamp", "created"),
        *("发布时间", "上传时间", "完整日期", "日期"),
    ),
    "note_type": ("notetype", "type", "笔记类型", "作品类型"),
    "user_id": ("userid", "uid", "user", "useridx", "visitorid", "userpseudoid", "customerid", "reviewerid", "用户id"),
    "clicked_at": (
        *("clickedat", "ts", "timestamp", "time", "clicktime", "eventtime", "eventtimestamp", "at", "date", "createdat"),
        *("createtime", "unixreviewtime"),
    ),
    "image_id": ("imageid", "key", "id", "name", "filename", "path", "image"),
    "content": ("content", "bytes", "image", "data", "jpg", "png"),
}
"""Our column -> names that others give it as `plain_name` spells them, the most likely first."""
PLACEHOLDER = "YOUR_COLUMN"
REQUIRED = ("note_id", "user_id", "clicked_at", "image_id", "content")
BETWEEN_WORDS = re.compile(r"[\s_\-.]+")


def import_line(table: str, uri: str, columns: Mapping[str, str], schema: pa.Schema) -> str:
    """A command of jobs/import_table.py that maps these columns.

    Args:
        table: ours: notes, clicks or images.
        uri: of theirs.
        columns: their names and types; what none of ours resembles is left out.
        schema: our columns.

    >>> theirs = {"image": "struct<bytes: binary, path: string>"}
    >>> import_line("images", "x", theirs, pa.schema([("image_id", pa.string())]))
    'python jobs/import_table.py --set images.read=x --set images.columns.image_id=image.path'
    """
    mapped = {field.name: _theirs(field.name, columns) for field in schema}
    settings = [f"{table}.read={uri}"]
    settings += [
        f"{table}.columns.{ours}={theirs or PLACEHOLDER}" for ours, theirs in mapped.items() if theirs or ours in REQUIRED
    ]
    return "python jobs/import_table.py " + " ".join(f"--set {shlex.quote(setting)}" for setting in settings)


def similar_column(ours: str, columns: Collection[str]) -> str | None:
    """The column whose name is likely to mean ours: "userId" or "User ID" is user_id.

    >>> similar_column("clicked_at", ["User ID", "Event-Timestamp"])
    'Event-Timestamp'
    """
    by_plain_name = {plain_name(name): name for name in reversed(list(columns))}
    wanted = (plain_name(ours), *THEIRS.get(ours, ()))
    return next((by_plain_name[name] for name in wanted if name in by_plain_name), None)


def plain_name(name: str) -> str:
    """A column's name in lower case, without what may stand between its words."""
    return BETWEEN_WORDS.sub("", name).lower()


def _theirs(ours: str, columns: Mapping[str, str]) -> str | None:
    name = similar_column(ours, columns)
    if name is None:
        return None
    kind = columns[name]
    if kind.startswith("struct<bytes"):  # an image of Hugging Face's datasets
        return f"{name}.bytes" if ours == "content" else f"{name}.path"
    return name
