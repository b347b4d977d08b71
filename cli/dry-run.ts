import { dirname } from 'node:path';
import { locate } from '../harness/app/places.js';
import type { Planned } from '../harness/app/plan-run.js';
import { shareText } from '../harness/model/shared-load.js';
import { deriveDurations } from '../harness/store/durations.js';
import { describeBuild } from './progress.js';

/** The plan as text: every build and setting, their numbers, and what earlier runs say of the time. */
export function dryRunText(planned: Planned, runs: string): string {
  const { builds, parsed } = planned;
  const { suite, ks } = parsed;
  const trials = builds.reduce((sum, build) => sum + build.trials.length, 0);
  const lines = [
    `${suite.name}: ${builds.length} builds, ${trials} trials on ${dataText(planned)}, k ${ks.join(', ')}`,
  ];
  for (const build of builds) {
    lines.push(`  ${describeBuild(build)}`);
    for (const { id, search, ks: own = ks } of build.trials) {
      const setting = Object.entries(search).map(([key, value]) => `${key}=${value}`);
      if (ks.length > 1) setting.push(`k=${own.at(-1)}`);
      lines.push(`    ${setting.length === 0 ? '(no search parameters)' : setting.join(' ')}  [${id}]`);
    }
  }
  for (const { name, k, reference, candidate } of planned.parity) {
    lines.push(`  parity ${name}: ${candidate} against ${reference}, first ${k}`);
  }
  for (const { id } of planned.rebuilds) lines.push(`  ${id}: the same index again, for the noise floor`);
  const shared = shareText(
    planned.shard,
    builds.flatMap((build) => build.trials),
    suite.repeat,
  );
  if (shared !== undefined) lines.push(shared);
  lines.push(estimate(planned, trials, runs));
  return `${lines.join('\n')}\n`;
}

function dataText({ several, data, parsed }: Planned): string {
  return several ? `each of ${parsed.datasets.map(({ name }) => name).join(', ')}` : data.nameOrPath;
}

/** From this machine's own runs of the same builds on the same datasets; nothing is guessed. */
function estimate(planned: Planned, trials: number, runs: string): string {
  const { builds, parsed, data } = planned;
  const { suite } = parsed;
  const places = placesOf(planned);
  const queries = trials * suite.repeat * (data.limit ?? 0) * places.length;
  const calls = data.limit === undefined ? '' : `, ${queries} measured queries`;
  const seconds = places.flatMap((place) => {
    const known = deriveDurations(runs, place);
    return builds.map(({ id }) => known.get(id));
  });
  const found = seconds.filter((each) => each !== undefined);
  if (found.length === 0) return `estimate: none, no earlier run of these builds is here${calls}`;
  const sum = found.reduce((total, each) => total + each, 0);
  const missing = seconds.length - found.length;
  const rest = missing === 0 ? '' : `, without ${missing} builds that never ran here`;
  return `estimate: ${Math.round(sum)} s, as earlier runs here took${rest}${calls}`;
}

function placesOf({ several, data, parsed, suite }: Planned): string[] {
  return several ? parsed.datasets.map(({ path }) => locate(path, dirname(suite.path))) : [data.nameOrPath];
}
