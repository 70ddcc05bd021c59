"""Under which names a compiled network keeps its layers; known without torch, so that the code view is quick."""

import keyword
from collections.abc import Collection

RESERVED = frozenset(
    """
T_destination _apply _backward_hooks _backward_pre_hooks _buffers _call_impl _compiled_call_impl _done_after
_forward_hooks _forward_hooks_always_called _forward_hooks_with_kwargs _forward_pre_hooks
_forward_pre_hooks_with_kwargs _get_backward_hooks _get_backward_pre_hooks _get_name _is_full_backward_hook
_load_from_state_dict _load_state_dict_post_hooks _load_state_dict_pre_hooks
_maybe_warn_non_full_backward_hook _modules _named_members _names _non_persistent_buffers_set _output
_parameters _plan _pooled_first _register_load_state_dict_pre_hook _register_state_dict_hook
_replicate_for_data_parallel _run _save_to_state_dict _slow_forward _state_dict_hooks _state_dict_pre_hooks
_version _wrapped_call_impl
add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
extra_repr float forward free_name get_buffer get_extra_state get_parameter get_submodule half ipu
load_state_dict modules mtia named_buffers named_children named_modules named_parameters parameters
register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict tapped to
to_empty train training type xpu zero_grad
""".split()  # noqa: SIM905 - a list of 200 texts in quotes cannot be read
)
"""What `nn.Module` and `compile.module.Network` need for themselves; a test compares it with them."""


def free_name(node_id: str, ids: Collection[str]) -> str:
    """The name of the layer `node_id` of `ids`: the id itself, unless torch or Python needs it, as "half" or "class":
    then with "_" behind it."""
    name = node_id
    while name in RESERVED or keyword.iskeyword(name) or (name != node_id and name in ids):
        name += "_"
    return name
