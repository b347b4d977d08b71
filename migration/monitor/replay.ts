import { createHash } from 'node:crypto';
import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import { Random } from '../../harness/measures/random.js';
import { findAlert } from './alerts.js';
import { compareQuery } from './compare.js';
import { type MarkerResult, markersAllowed, measureMarker } from './marker.js';
import type { Alert, Compared } from './model.js';
import { type MonitorOptions, openMonitored } from './monitor.js';
import { drawQueries } from './queries.js';
import { learn } from './subject.js';

/** An alert, or a query, asked again on both sides. */
export interface Replay {
  alert: Alert | undefined;
  answers: readonly Compared[];
  /** Of an alert about markers: another one. */
  marker: MarkerResult | undefined;
  /** Queries that are no longer in the plan's file. */
  unknown: readonly string[];
  /** What of it is still so, in words; empty: nothing. */
  still: readonly string[];
}

/** Of an alert that names no queries, so many are drawn. */
const DRAWN = 5;

/** Nothing of the watch is changed by it, and it may run beside one. */
export async function replay(options: MonitorOptions, what: string): Promise<Replay> {
  const { folder, subject, parsed, surroundings } = await openMonitored(options);
  try {
    const known = await learn(subject, folder);
    const alert = findAlert(folder, what);
    const { monitor, parity } = parsed.plan;
    const ids = known.queries.map(({ id }) => id);
    if (alert === undefined && !ids.includes(what)) {
      throw new InputError(suggest(`there is no alert and no query "${what}"`, what, ids, ''), {
        where: '--replay',
        next: 'the page and monitor.json list the alerts',
      });
    }
    const drawn = alert !== undefined && alert.queries.length === 0;
    const wanted = drawn
      ? drawQueries(known.queries, DRAWN, parity.seed, hashOf(alert.id)).map(({ id }) => id)
      : (alert?.queries ?? [what]);
    const answers: Compared[] = [];
    for (const id of new Set(wanted)) {
      const query = known.queries.find((each) => each.id === id);
      if (query !== undefined)
        answers.push(await compareQuery(subject, known, query, { targetFirst: false, twice: true }));
    }
    const marker = alert?.gate === 'visible' ? await anotherMarker() : undefined;
    const late = monitor.gates.latency;
    return {
      alert,
      answers,
      marker,
      unknown: wanted.filter((id) => !ids.includes(id)),
      still: [
        ...answers.flatMap(stillOf),
        ...answers.flatMap(({ query, ms: { target = 0 } }) =>
          late !== false && target > late ? [`${query}: the target took ${target.toFixed(1)} ms`] : [],
        ),
        ...(marker === undefined || isInTime(marker, monitor.gates.visible)
          ? []
          : ['a marker was not found in time']),
      ],
    };

    async function anotherMarker(): Promise<MarkerResult> {
      const { state, why } = markersAllowed(monitor.markers, subject.target.description!);
      if (state === 'off') return { state: 'failed', why };
      return measureMarker(subject, known, surroundings, {
        random: new Random(hashOf(`${what} ${Date.now()}`)),
        deadlineMs: 1000 * monitor.lag,
        // It is deleted by the same call; a crash in between leaves it, and it is named so.
        note: () => {},
      });
    }
  } finally {
    await subject.source.close();
    await subject.target.close();
  }
}

function isInTime(marker: MarkerResult, visible: number | false): boolean {
  return marker.state === 'measured' && (visible === false || marker.visible <= visible);
}

function hashOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

function stillOf({ query, failed, empty, lost, missing, broken, crossed }: Compared): string[] {
  return [
    ...(failed === undefined ? [] : [`${query}: the ${failed.side} fails: ${failed.why}`]),
    ...(empty.target && !empty.source ? [`${query}: only the target answers with nothing`] : []),
    ...(missing.length > 0 ? [`${query}: the target does not hold ${missing.join(', ')}`] : []),
    ...(lost.length > missing.length
      ? [`${query}: the target does not return ${lost.filter((row) => !missing.includes(row)).join(', ')}`]
      : []),
    ...broken.map(({ kind, row, why }) => `${query}: ${kind} ${row}: ${why}`),
    ...((crossed ?? 0) > 0 ? [`${query}: hits cross a threshold`] : []),
  ];
}
