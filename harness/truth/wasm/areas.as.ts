// AssemblyScript, a part of scan.as.ts; TypeScript does not read it.

/** What a scan works on: addresses, and how far scores can be off. */
export let rows: usize = 0;
export let rowCount: i32 = 0;
export let dimensions: i32 = 0;
export let queries: usize = 0;
/** By query: least score (f32) that a candidate has; how many it has (i32), -1 once they were too many. */
export let thresholds: usize = 0;
export let sizes: usize = 0;
/** By query: address of a bitmap of the rows that it may find; 0: all. */
export let masks: usize = 0;
/** By row its number within the tile (i32), by which masks and candidates know it; 0: as they come. */
export let numbers: usize = 0;
/** By query `capacity` scores (f32), and as many row numbers (i32). */
export let scores: usize = 0;
export let found: usize = 0;
export let capacity: i32 = 0;
/** Candidates that are wanted by query; more than there can be: all that reach the threshold. */
export let keep: i32 = 0;
/** A row that scores below kept * (1 + relative) - absolute, `kept` the keep-th best score, is none of the keep nearest. */
export let relative: f64 = 0;
export let absolute: f64 = 0;
/** By query: what its scores can be off beyond that (f32, rounded up); 0: nothing. */
export let slacks: usize = 0;
/** By query: a threshold that is no more than a guess (f32, -Infinity: none). */
export let guesses: usize = 0;
/** By query: which of the first scores it is taken from, and which of the best candidates later (i32; 0: none). */
export let ranks: usize = 0;
export let laterRanks: usize = 0;

export function setRows(at: usize, count: i32, width: i32, names: usize): void {
  rows = at;
  rowCount = count;
  numbers = names;
  dimensions = width;
}

/**
 * Of squared distances by products of integers. By row: half the square of its norm (f32). By query: its step (f32), and three numbers
 * (f64, 32 bytes apart): the square of its norm, how far two distances can be off together, how far a score can. 0: of no distances.
 */
export let halves: usize = 0;
export let scales: usize = 0;
export let reaches: usize = 0;

export function setHalves(at: usize, scaleAt: usize, reachAt: usize): void {
  halves = at;
  scales = scaleAt;
  reaches = reachAt;
}

export function setSlacks(at: usize): void {
  slacks = at;
}

export function setGuesses(at: usize, rankAt: usize, laterAt: usize): void {
  guesses = at;
  ranks = rankAt;
  laterRanks = laterAt;
}

export function setQueries(at: usize, least: usize, counts: usize, bitmaps: usize): void {
  queries = at;
  thresholds = least;
  sizes = counts;
  masks = bitmaps;
}

export function setCandidates(scoreAt: usize, rowAt: usize, room: i32, wanted: i32, rel: f64, abs: f64): void {
  scores = scoreAt;
  found = rowAt;
  capacity = room;
  keep = wanted;
  relative = rel;
  absolute = abs;
}
