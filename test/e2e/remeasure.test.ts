import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { LoggedEvent } from '../../harness/model/events.js';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from './helpers/cli.js';
import { eventsOf, manifest, passCounts } from './helpers/log.js';
import { QUERIES, REPEAT, slowSuite } from './helpers/slow-suite.js';
import type { Workspace } from './helpers/workspace.js';

/** Changes what the log says of trials, as if other load had been there, or had not. */
function edit(work: Workspace, change: (event: LoggedEvent) => LoggedEvent): void {
  const path = work.run('events.jsonl');
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const changed = lines.map((line) => JSON.stringify(change(JSON.parse(line) as LoggedEvent)));
  writeFileSync(path, `${changed.join('\n')}\n`);
}

test('a stored run with a busy trial is measured again, build by build, and keeps what it replaces', async () => {
  const work = slowSuite();
  const first = await vecproof(['run', 'suite.yaml'], work);
  expect(first.code, first.stderr).toBe(0);
  const [one, two] = manifest(work).plan;
  const busy = one!.trials[1]!.id;
  edit(work, (event) => {
    if (event.type === 'buildEnd') return { ...event, cost: { ...event.cost, foreignCores: 0 } };
    return event.type === 'trialEnd' ? { ...event, foreignCores: event.trial === busy ? 1.5 : 0 } : event;
  });
  expect((await vecproof(['report', 'latest'], work)).code).toBe(0);
  const before = work.json<Results>('results.json');
  expect(before.trials.filter(({ flags }) => flags.includes('busy-machine')).map(({ id }) => id)).toEqual([
    busy,
  ]);

  const again = await vecproof(['run', '--resume', 'latest', '--remeasure', 'busy'], work);
  expect(again.code, again.stderr).toBe(0);
  const after = work.json<Results>('results.json');
  for (const { id, build, replaced, measures, flags } of after.trials) {
    const earlier = before.trials.find((row) => row.id === id)!;
    if (build === two!.id) {
      expect(replaced).toBeUndefined();
      expect(measures).toEqual(earlier.measures);
      continue;
    }
    expect(replaced).toBe(REPEAT);
    expect(measures['throughput']).not.toEqual(earlier.measures['throughput']);
    expect(await passCounts(work, id)).toEqual({ pairs: QUERIES * REPEAT, most: 1 });
    // All of the build's trials are of one graph again.
    expect(flags).not.toContain('mixed-builds');
  }
  expect(eventsOf(work, 'buildBegin').filter(({ build }) => build === one!.id)).toHaveLength(2);
  expect(readdirSync(work.run('samples', 'replaced')).sort()).toEqual(
    one!.trials.map(({ id }) => `${id}.build.1.parquet`).sort(),
  );
});

test('--remeasure needs a run, and knows what it can measure again', async () => {
  const work = slowSuite();
  const without = await vecproof(['run', 'suite.yaml', '--remeasure', 'busy'], work);
  expect(without.code).toBe(2);
  expect(without.stderr).toMatch(
    /--remeasure: measures trials of a stored run again[\s\S]*--resume <run> --remeasure busy/,
  );
  const unknown = await vecproof(['run', '--resume', 'latest', '--remeasure', 'noise'], work);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain('busy, mixed');
});
