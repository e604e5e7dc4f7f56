"""What those who ask for menus are told."""

from ccai.errors import Sentence

NO_SUCH_MENU = Sentence("menu_not_found", "Menu {menu_id} is not found", 404)
