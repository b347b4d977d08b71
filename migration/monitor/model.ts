import type { StandingVerdict } from '../../harness/measures/sequential-gate.js';

/** What a watch keeps: plain data, written after every round and read again after a restart. All of it is bounded. */

export const SIGNALS = ['fallback', 'citation', 'click', 'reformulation'] as const;
export type SignalName = (typeof SIGNALS)[number];
export type SideName = 'source' | 'target';

/** One query as both sides have answered it, reduced to what gates and people need. Ids are typed texts of the source. */
export interface Compared {
  query: string;
  group: string;
  /** Value of its tenant filter; undefined: it has none. */
  tenant?: string | undefined;
  /** `apart`: the target does not hold all of the source's hits; `failed`: a side gave no answer. */
  state: 'compared' | 'apart' | 'failed';
  failed?: { side: SideName; why: string } | undefined;
  /** Share of the source's hits that the target returned; undefined: not comparable, or the source returned nothing. */
  overlap?: number | undefined;
  /** The same of the source asked twice: its own noise. */
  noise?: number | undefined;
  empty: { source: boolean; target: boolean };
  lost: string[];
  missing: string[];
  broken: Broken[];
  /** Share of the hits of both that only one side keeps under a threshold. */
  crossed?: number | undefined;
  /** The target's own scores of its first and its last hit. */
  scores?: { first: number; last: number } | undefined;
  /** Hits of the target whose id no point of the source could be found for. */
  unresolved: number;
  hits: { source: readonly string[]; target: readonly string[] };
  ms: { source?: number | undefined; target?: number | undefined };
}

export const BREAKS = ['deleted', 'violation', 'leak'] as const;
export type BreakKind = (typeof BREAKS)[number];

/** A point that the target should not have returned. */
export interface Broken {
  kind: BreakKind;
  query: string;
  row: string;
  why: string;
}

/** One that may be a matter of time: it is looked at again once the lag has passed. */
export interface Pending extends Broken {
  since: number;
}

/** A hit of the source that the target does not hold; since when, in milliseconds since 1970. */
export interface Missing {
  query: string;
  row: string;
  since: number;
}

/** Figures of a round, for the course over time; absent is not measured. */
export interface RoundFigures {
  time: string;
  seconds: number;
  asked: number;
  compared: number;
  apart: number;
  failed: number;
  overlap?: number | undefined;
  noise?: number | undefined;
  emptyTarget?: number | undefined;
  /** Seconds from the write of a marker until it was found, and from its deletion until it no longer was. */
  visible?: number | undefined;
  gone?: number | undefined;
  latency: { source?: Latency | undefined; target?: Latency | undefined };
  points: { source?: number | undefined; target?: number | undefined };
}

/** Milliseconds; queries a second while queries were on their way. */
export interface Latency {
  p50: number;
  p95: number;
  rate: number;
}

export interface PlaceHealth {
  place: string;
  state: 'answers' | 'down' | 'not asked';
  why?: string | undefined;
  version?: string | undefined;
  points?: number | undefined;
  /** Points that the index covers, where the engine tells. */
  indexed?: number | undefined;
  diskBytes?: number | undefined;
  memoryBytes?: number | undefined;
  /** Share of reads that were answered from the engine's memory, where it tells. */
  cacheHits?: number | undefined;
}

export interface Totals {
  rounds: number;
  asked: number;
  compared: number;
  apart: number;
  failedSource: number;
  failedTarget: number;
  /** The round ended before they were asked: a side was down. */
  notAsked: number;
  bothEmpty: number;
  emptySource: number;
  emptyTarget: number;
  unresolved: number;
  hits: number;
  markers: number;
  markersLost: number;
  /** More than could be kept for a second look. */
  notLookedAt: number;
}

export interface SignalCount {
  n: number;
  yes: number;
}

/** A gate as it stands, for people and programs. */
export interface GateView {
  name: string;
  title: string;
  /** In words: "at least 0.9". */
  limit: string;
  verdict: StandingVerdict | 'not measured';
  /** Why it is not measured. */
  why?: string | undefined;
  value?: number | undefined;
  low?: number | undefined;
  high?: number | undefined;
  observed: number;
  /** How near it is to a change of verdict by the evidence, 0 to 1. */
  nearness?: number | undefined;
  since?: string | undefined;
  unit: 'share' | 'difference' | 'points' | 'distance';
}

export interface Alert {
  id: string;
  time: string;
  gate: string;
  from: string;
  to: string;
  words: string;
  cause: string;
  rows: string[];
  queries: string[];
  /** Asks both sides again. */
  command: string;
}

/** `monitor.json`, and what the page shows. */
export interface MonitorView {
  version: 1;
  name: string;
  plan: string;
  source: string;
  target: string;
  /** In a sentence. */
  answer: string;
  state: 'quiet' | 'alarm' | 'gathering' | 'down';
  begunAt: string;
  at: string;
  every: number;
  alpha: number;
  gates: readonly GateView[];
  totals: Totals;
  places: { source: PlaceHealth; target: PlaceHealth };
  markers: { state: 'on' | 'off'; why: string };
  tenants: readonly {
    tenant: string;
    asked: number;
    emptySource: number;
    emptyTarget: number;
    verdict: string;
  }[];
  signals: readonly { signal: SignalName; source: SignalCount; target: SignalCount }[];
  findings: readonly Broken[];
  /** Points that the target should hold and does not. */
  missing: readonly Missing[];
  pending: number;
  /** Of the load, where one is under way. */
  progress?: { rows: number; of: number; state: string } | undefined;
  /** Of this process. */
  memoryBytes: number;
  rounds: readonly RoundFigures[];
  alerts: readonly Alert[];
  notices: readonly string[];
}
