"""Calls of closed forms, of bounds and of critics."""

from ibutils import bounds, critics, information

from ..registry import call, given
from .data_for_calls import covariance, generator, joint, normal, simplex

call(information.entropy, lambda: given(simplex(5, 4), dim=-1))
call(information.kl_divergence, lambda: given(simplex(5, 4), simplex(5, 4), dim=-1))
call(information.mutual_information, lambda: given(joint(3, 4)))
call(information.gaussian_entropy, lambda: given(covariance(3)))
call(
    information.gaussian_kl,
    lambda: given(normal(3), covariance(3), normal(3), covariance(3)),
)
call(information.gaussian_mutual_information, lambda: given(covariance(4), dim_x=2))
call(information.log_mean_exp, lambda: given(normal(5, 4), dim=1))
call(information.nats_to_bits, lambda: given(1.5))
call(information.nats_to_bits, lambda: given(normal(3)))

call(bounds.barber_agakov_lower, lambda: given(normal(6), 1.5))
call(bounds.barber_agakov_upper, lambda: given(normal(6), normal(6)))
for one in (
    bounds.club,
    bounds.donsker_varadhan,
    bounds.info_nce,
    bounds.jensen_shannon,
    bounds.leave_one_out_upper,
    bounds.nwj,
):
    call(one, lambda: given(normal(6, 6)))
call(bounds.gaussian_sandwich, lambda: given(normal(6, 2), normal(6, 2), normal(6, 2), chunk=4))
call(bounds.info_nce_from_embeddings, lambda: given(normal(6, 3), normal(6, 3), chunk=4))
call(bounds.interpolated, lambda: given(normal(6, 6), normal(6), alpha=0.5))
call(bounds.smile, lambda: given(normal(6, 6), clip=5.0))
call(bounds.tuba, lambda: given(normal(6, 6), normal(6)))


def separable() -> critics.Separable:
    return critics.Separable(3, 2, width=8, embedding=4, depth=1, generator=generator())


def concatenated() -> critics.Concatenated:
    return critics.Concatenated(3, 2, width=8, depth=1, generator=generator())


call(
    critics.Separable,
    lambda: given(3, 2, width=8, embedding=4, depth=1, generator=generator()),
)
call(critics.Separable.forward, lambda: given(separable(), normal(6, 3), normal(6, 2)))
call(critics.Separable.embed, lambda: given(separable(), normal(6, 3), normal(6, 2)))
call(critics.Concatenated, lambda: given(3, 2, width=8, depth=1, generator=generator()))
call(critics.Concatenated.forward, lambda: given(concatenated(), normal(6, 3), normal(6, 2)))
