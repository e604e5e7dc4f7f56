"""What those who ask for agents are told."""

from ccai.errors import Sentence

NO_SUCH_AGENT = Sentence("agent_not_found", "Agent {agent_id} is not found", 404)
