import type { MetadataValue } from '../../datasets/dataset.js';
import type { PointId } from './ids.js';
import type { NamedVectors } from './vectors.js';

/** A metadata value, also nested. Integers of 64 bits come as bigint beyond ±(2^53 - 1), timestamps by `FieldSchema`. */
export type PointValue = MetadataValue | { readonly [key: string]: PointValue };

/** Keys that are absent are missing, which some engines cannot tell from null (`MetadataSupport.absence`). */
export type Metadata = Readonly<Record<string, PointValue>>;

/** Where a point's vectors came from, as far as its source says. */
export interface Provenance {
  model?: string | undefined;
  modelVersion?: string | undefined;
  /** How its text was cut out of a document, in the source's own words. */
  chunking?: string | undefined;
  language?: string | undefined;
  /** Microseconds since 1970. */
  created?: bigint | undefined;
}

/** One stored record. What is undefined the point does not have. */
export interface Point {
  id: PointId;
  vectors: NamedVectors;
  metadata: Metadata;
  text?: string | undefined;
  uri?: string | undefined;
  tenant?: string | undefined;
  /** The part of its collection that it lay in, where the source divides one so. */
  namespace?: string | undefined;
  partition?: string | undefined;
  /** Grows with every change: of two states of a point, the larger is the newer. 64 bits with sign. */
  version?: bigint | undefined;
  /** Of the last change, in microseconds since 1970. */
  updated?: bigint | undefined;
  provenance?: Provenance | undefined;
}
