/** Ends of a two-sided interval. */
export interface Interval {
  low: number;
  high: number;
}

export const CONFIDENCE = 0.95;
