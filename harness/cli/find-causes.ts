import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { causesOf } from '../gate/causes.js';
import { settingKey } from '../gate/select.js';
import type { Finding, Verdict } from '../gate/verdict.js';
import type { RunFolder } from '../store/run-folder.js';
import { readSamples } from '../store/samples.js';
import type { TrialRow } from '../store/schema.js';
import { readTruth } from '../truth/files.js';

/** Settings of a gate whose raw answers are looked into: the worst ones; reading them takes time. */
const LOOKED_INTO = 3;

interface Side {
  folder: RunFolder;
  trials: readonly TrialRow[];
  /** Hits asked for. */
  k: number;
}

/** The verdicts with the likely causes of what was lost against the baseline, from the raw answers of both runs. */
export async function withCauses(verdicts: readonly Verdict[], now: Side, before: Side): Promise<Verdict[]> {
  const done = new Map<string, string[]>();
  return Promise.all(
    verdicts.map(async (verdict) => {
      const causes = new Map<Finding, string[]>();
      for (const finding of worstChanges(verdict)) {
        const key = JSON.stringify([finding.trial, finding.group]);
        const known = done.get(key) ?? (await lookInto(finding, now, before));
        done.set(key, known);
        causes.set(finding, known);
      }
      if (causes.size === 0) return verdict;
      const findings = verdict.findings.map((each) => ({ ...each, causes: causes.get(each) ?? [] }));
      const told = [...new Set([...causes.values()].flat())];
      const message =
        told.length === 0 ? verdict.message : `${verdict.message}; likely cause: ${told.join('; ')}`;
      return { ...verdict, findings, message };
    }),
  );
}

/** What was shown or may have been lost, the largest losses first. */
function worstChanges({ aggregate, findings }: Verdict): Finding[] {
  if (aggregate !== 'drop' && aggregate !== 'change') return [];
  const lost = findings.filter(
    ({ state, rebuild, found }) =>
      (state === 'fail' || state === 'inconclusive') && rebuild !== null && found !== null && found < 0,
  );
  return lost.toSorted((a, b) => a.found! - b.found!).slice(0, LOOKED_INTO);
}

async function lookInto({ trial, group }: Finding, now: Side, before: Side): Promise<string[]> {
  const row = now.trials.find((each) => each.id === trial && each.group === group);
  const key = row === undefined ? undefined : settingKey(row);
  const partner = before.trials.find((each) => settingKey(each) === key);
  if (row === undefined || partner === undefined || group !== 'all') return [];
  const [mine, theirs] = [await answers(now, row), await answers(before, partner)];
  if (mine === undefined || theirs === undefined) return [];
  return causesOf(mine, theirs, await readTruth(now.folder.truth));
}

async function answers({ folder, k }: Side, { id, flags }: TrialRow) {
  const path = join(folder.samples, `${id}.parquet`);
  return existsSync(path)
    ? { samples: await readSamples(path, k, ['due', 'sent', 'answered']), flags }
    : undefined;
}
