import { InputError } from '../../common/errors.js';
import type { Manifest } from '../model/manifest.js';
import type { PlannedBuild } from '../model/plan.js';

/** `i/n`: which part of the builds a run measures. */
export interface Shard {
  index: number;
  of: number;
}

/** Throws InputError unless it is `i/n` with 1 <= i <= n. */
export function parseShard(text: string): Shard {
  const [, index, of] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(text.trim())?.map(Number) ?? [];
  if (index !== undefined && of !== undefined && index <= of) return { index, of };
  throw new InputError('must be i/n with i from 1 to n', {
    where: '--shard',
    got: text,
    next: 'for the second of four machines: --shard 2/4',
  });
}

/** Every n-th build, from the i-th on: the same split on every machine, and neighbours in a sweep cost alike. */
export function shardOf(
  builds: readonly PlannedBuild[],
  { index, of }: Shard,
): { builds: PlannedBuild[]; record: NonNullable<Manifest['shard']> } {
  const mine = builds.filter((_, i) => i % of === index - 1);
  if (mine.length === 0) {
    throw new InputError(`the plan has ${builds.length} builds, so shard ${index} of ${of} is empty`, {
      where: '--shard',
      got: `${index}/${of}`,
      next: `use at most ${builds.length} shards`,
    });
  }
  return { builds: mine, record: { index, of, builds: builds.map(({ id }) => id) } };
}
