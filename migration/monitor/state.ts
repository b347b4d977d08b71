import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import type { KeptGate } from './gates.js';
import type { Leftover } from './marker.js';
import type {
  Alert,
  Broken,
  Missing,
  Pending,
  RoundFigures,
  SideName,
  SignalCount,
  SignalName,
  Totals,
} from './model.js';

/** Of a migration's folder. */
export const MONITOR = 'monitor';
const STATE = 'state.json';

/** Bounds of what is kept, whatever the length of the watch. */
export const MOST = {
  rounds: 240,
  alerts: 200,
  pending: 1000,
  findings: 200,
  tenants: 50,
  worst: 10,
} as const;

export interface SignalState {
  source: SignalCount;
  target: SignalCount;
  /** Events of the source since the last pair. */
  waiting: SignalCount;
}

/** All that a watch knows. */
export interface MonitorState {
  version: 1;
  begunAt: string;
  /** Rounds begun: each draws other queries. */
  round: number;
  gates: Record<string, KeptGate>;
  /** In the order in which they were first seen. */
  tenants: { tenant: string; asked: number; emptySource: number; emptyTarget: number }[];
  /** Hits of an unpaired query, for the concentration. */
  unpaired: { source: string[]; target: string[] } | null;
  /** Of the last queries that spoke against a gate: what an alarm names. */
  worst: Record<string, { query: string; rows: string[] }[]>;
  /** In the sides' own words. */
  lastFailure: Partial<Record<SideName, string>>;
  pending: Pending[];
  findings: Broken[];
  missing: { pending: Missing[]; found: Missing[] };
  markers: Leftover[];
  signals: Partial<Record<SignalName, SignalState>>;
  totals: Totals;
  rounds: RoundFigures[];
  alerts: Alert[];
  /** Of all time: the next one has the next number. */
  alertCount: number;
}

export function freshState(now: string): MonitorState {
  return {
    version: 1,
    begunAt: now,
    round: 0,
    gates: {},
    tenants: [],
    unpaired: null,
    worst: {},
    lastFailure: {},
    pending: [],
    findings: [],
    missing: { pending: [], found: [] },
    markers: [],
    signals: {},
    totals: {
      rounds: 0,
      asked: 0,
      compared: 0,
      apart: 0,
      failedSource: 0,
      failedTarget: 0,
      notAsked: 0,
      bothEmpty: 0,
      emptySource: 0,
      emptyTarget: 0,
      unresolved: 0,
      hits: 0,
      markers: 0,
      markersLost: 0,
      notLookedAt: 0,
    },
    rounds: [],
    alerts: [],
    alertCount: 0,
  };
}

/** @throws InputError for a state that is none: a watch that forgot would raise more false alarms than it says */
export function readState(folder: string): MonitorState | undefined {
  const path = join(folder, MONITOR, STATE);
  if (!existsSync(path)) return undefined;
  try {
    const state = JSON.parse(readRegularText(path, MOST_RECORD)) as MonitorState;
    if (state.version === 1 && typeof state.gates === 'object' && Array.isArray(state.rounds))
      return { ...state, missing: state.missing ?? { pending: [], found: [] } };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InputError('is not the state of a watch', {
    where: path,
    next: 'restore it from a copy, or move the folder away to begin a new watch',
  });
}

export function writeState(folder: string, state: MonitorState): void {
  makeFolder(join(folder, MONITOR));
  writeFileAtomic(join(folder, MONITOR, STATE), JSON.stringify(state));
}

/** Keeps the last `most` entries. */
export function keepLast<T>(list: T[], most: number): void {
  if (list.length > most) list.splice(0, list.length - most);
}
