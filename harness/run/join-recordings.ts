import { Random } from '../measures/random.js';
import type { Samples } from '../model/samples.js';
import { joinSamples, pickSamples } from '../store/samples.js';
import { partOfSpool, type Recording, type SpoolPlace } from './recorder.js';
import { Spool } from './spool.js';

/**
 * What several recorders took of one pass, as one. Where one of them has kept a part of its answers alone, as large a part
 * is kept of those of all: each has the same chance.
 *
 * @param place of the pass; absent: no recorder has spooled
 */
export async function joinRecordings(
  parts: readonly Recording[],
  place: SpoolPlace | undefined,
): Promise<Recording> {
  if (place === undefined || parts.every(({ all }) => all === undefined)) return joinSamples(parts);
  const kept = Math.min(...parts.map(({ all }) => all?.kept ?? 1));
  const spools = await Promise.all(
    parts.map(async (part, index) => part.all?.spools ?? [await spooled(part, place, index, parts.length)]),
  );
  const random = new Random(place.seed);
  const thinned = parts.map((part) => thin(part, kept / (part.all?.kept ?? 1), random));
  return { ...joinSamples(thinned), all: { spools: spools.flat(), kept } };
}

function spooled(part: Samples, place: SpoolPlace, index: number, of: number) {
  const spool = new Spool(partOfSpool(place, { index, of }).path, part.repetition[0] ?? 0);
  spool.add(part);
  return spool.end();
}

function thin(samples: Samples, share: number, random: Random): Samples {
  if (share === 1) return samples;
  return pickSamples(
    samples,
    Array.from({ length: samples.length }, (_, i) => i).filter(() => random.uint32() < share * 2 ** 32),
  );
}
