import { Random } from '../../measures/random.js';

/** `uniform`: evenly spaced; `poisson`: independent of each other, as the queries of many users are. */
export const ARRIVALS = ['poisson', 'uniform'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

export interface Ramp {
  /** Queries per second at the beginning and at the end; between them the rate changes linearly. */
  from: number;
  to: number;
  seconds: number;
}

/**
 * When queries are due, in ms from the beginning, ascending. Their expected number up to time t is
 * Λ(t) = from·t + (to − from)·t² / (2·seconds). Arrival i is at Λ⁻¹(xᵢ), with xᵢ = i for `uniform` ones and the arrivals
 * of a Poisson process of rate 1 for `poisson` ones (time change of an inhomogeneous Poisson process, Çinlar 1975). The same
 * seed gives the same times.
 */
export function* dueTimes(ramp: Ramp, arrivals: Arrivals, seed: number): Generator<number, void> {
  const total = expected(ramp, ramp.seconds);
  const random = new Random(seed);
  let x = arrivals === 'uniform' ? 0 : gap(random);
  while (x < total) {
    yield 1000 * timeOf(ramp, x);
    x += arrivals === 'uniform' ? 1 : gap(random);
  }
}

/** Queries that are due in all, on average. */
export function expected({ from, to, seconds }: Ramp, until = seconds): number {
  return from * until + ((to - from) * until * until) / (2 * seconds);
}

/** Λ⁻¹. The form of the root that loses no digits where the rate hardly changes. */
function timeOf({ from, to, seconds }: Ramp, x: number): number {
  const slope = (to - from) / seconds;
  return (2 * x) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * x)));
}

/** Exponential with mean 1; never 0 or infinite. */
function gap(random: Random): number {
  return -Math.log((random.uint32() + 0.5) / 2 ** 32);
}
