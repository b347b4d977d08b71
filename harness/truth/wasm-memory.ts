import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../common/paths.js';

export interface ModuleMemory {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
}

/** What harness/truth/wasm/scan.as.ts exports; numbers are addresses unless they count something. */
export interface ScanModule extends ModuleMemory {
  setRows(at: number, count: number, dimensions: number, numbers: number): void;
  setQueries(at: number, thresholds: number, sizes: number, masks: number): void;
  setCandidates(
    scores: number,
    rows: number,
    capacity: number,
    keep: number,
    relative: number,
    absolute: number,
  ): void;
  scanProducts(from: number, to: number): void;
  scanDistances(from: number, to: number): void;
  setSlacks(at: number): void;
  setGuesses(at: number, ranks: number, laterRanks: number): void;
  guessAgain(from: number, to: number): void;
  guessThresholds(at: number, stride: number, steps: number, from: number, to: number, count: number): void;
  setHalves(at: number, scales: number, reaches: number): void;
  farthest(vectors: number, width: number, count: number, mean: number): number;
  squaredNorms(vectors: number, width: number, count: number, into: number): void;
  scanScores(at: number, stride: number, from: number, to: number, first: number, count: number): void;
  scanIntegers(
    at: number,
    stride: number,
    steps: number,
    from: number,
    to: number,
    first: number,
    count: number,
  ): void;
  norm(): number;
  lost(): number;
  roundVector(vector: number, width: number, factor: number, into: number, zero: number): number;
  roundWords(vector: number, width: number, factor: number, into: number, count: number): number;
  roundCentred(
    vector: number,
    width: number,
    factor: number,
    mean: number,
    into: number,
    zero: number,
  ): number;
  roundCentredWords(
    vector: number,
    width: number,
    factor: number,
    mean: number,
    into: number,
    count: number,
  ): number;
  turnPairs(rows: number, pairs: number, into: number): void;
  scanWords(steps: number, from: number, to: number): void;
  turn(rows: number, stride: number, width: number, into: number, apart: number): void;
  scaleVector(vector: number, width: number, factor: number, mean: number, into: number): void;
  finish(from: number, to: number): void;
  setVectors(queries: number, rows: number, count: number, dimensions: number, metric: number): void;
  setNorms(rows: number, queries: number, bounds: number): void;
  setDecision(exact: number, order: number, starts: number): void;
  decide(from: number, to: number): void;
}

/** The few parts of WebAssembly that are used here; the project compiles without the browser's types. */
interface Wasm {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
}

/** Throws what WebAssembly throws where there is no SIMD. */
export function loadModule(name: 'scan' | 'bits' | 'steps'): ModuleMemory {
  const bytes = readFileSync(join(packageRoot, `harness/truth/wasm/${name}.wasm`));
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;
  return new Instance(new Module(bytes), {}).exports as ModuleMemory;
}

export function loadScan(): ScanModule {
  return loadModule('scan') as ScanModule;
}

const PAGE = 65_536;
/** Addresses of SIMD loads; any is allowed, aligned ones are faster. */
const ALIGN = 64;

/** Lays out one memory: areas one after the other, forgotten together. */
export class Arena {
  readonly #module: ModuleMemory;
  #at = PAGE;

  constructor(module: ModuleMemory) {
    this.#module = module;
  }

  /** Where the next area begins: a place to go back to. */
  get end(): number {
    return this.#at;
  }

  /** Forgets what was taken since `end` was so. */
  release(end: number): void {
    this.#at = end;
  }

  /** Address of so many bytes. Views of the memory are void afterwards: it may have grown. */
  take(bytes: number): number {
    const at = this.#at;
    this.#at += Math.ceil(bytes / ALIGN) * ALIGN;
    const { memory } = this.#module;
    const missing = this.#at - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    return at;
  }
}
