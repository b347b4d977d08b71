import type { Dataset, DatasetInfo, FieldSchema, QuerySet } from '../dataset.js';
import type { NeighborTable } from '../formats/writer.js';
import type { Keeping, Loss } from './losses.js';

export interface ConversionRequest {
  dataset: Dataset;
  /** Absolute; with a separator at its end it is a folder. */
  out: string;
  /** Of a folder's files. */
  format?: string | undefined;
  /** The query set of a target that holds one; default: the first. */
  set?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Points written so far, and all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A file that will be written, whole or not at all. */
export interface PlannedFile {
  path: string;
  /** What it holds, for people: `20 points`. */
  what: string;
  /** @param temporary where it is written before it gets its name */
  write(temporary: string): Promise<void>;
}

/** Everything about a conversion that is known before a byte is written. */
export interface ConversionPlan {
  /** The folder that is made for the files, if one is. */
  folder: string | undefined;
  files: PlannedFile[];
  losses: Loss[];
  notes: string[];
}

/** What a target's own planner gets. */
export interface PlanContext extends ConversionRequest {
  info: DatasetInfo;
  keeping: Keeping;
  /** The query sets that the target takes, with what goes with them. */
  sets: CarriedSet[];
  plan: ConversionPlan;
}

export interface CarriedSet {
  set: QuerySet;
  fields: readonly FieldSchema[];
  judged: boolean;
  idsAreRows: boolean;
  neighbors: NeighborTable | undefined;
  /** Ids of the neighbours by row number of the points, where they are asked for. */
  idOf: ReadonlyMap<number, string> | undefined;
}
