"""Plan and secrets to texts: script, documents, user-data. Secrets are joined in ``userdata`` and nowhere else."""

from meshstrap.rendering.adoption import Adoption, render_adoption
from meshstrap.rendering.code import CodeFile, render_code
from meshstrap.rendering.documents import Document, render_documents
from meshstrap.rendering.parts import Part
from meshstrap.rendering.script import Script, render_script
from meshstrap.rendering.userdata import Fetching, UserData, pack_user_data

__all__ = [
    "Adoption",
    "CodeFile",
    "Document",
    "Fetching",
    "Part",
    "Script",
    "UserData",
    "pack_user_data",
    "render_adoption",
    "render_code",
    "render_documents",
    "render_script",
]
