import type { Measure } from '../../../harness/model/results.js';
import type { Anchor } from './labels.js';
import { type RecallScale, recallScale } from './recall-scale.js';
import { type ChartSize, type ChartSpec, MARGIN } from './spec.js';
import { type ValueScale, valueScale } from './value-scale.js';

/** A chart with its scales, and where they put things in pixels, so that labels can avoid marks. */
export interface Frame {
  spec: ChartSpec;
  size: ChartSize;
  x: RecallScale;
  y: ValueScale;
  pixel(recall: number, value: number): Anchor;
}

export function frameOf(spec: ChartSpec, size: ChartSize): Frame {
  const inner = {
    width: size.width - MARGIN.left - size.right,
    height: size.height - MARGIN.top - MARGIN.bottom,
  };
  const x =
    spec.x ??
    recallScale(
      spec.marks.flatMap(({ recall }) => ends(recall)),
      inner.width,
    );
  const y =
    spec.y ??
    valueScale(
      spec.marks.flatMap(({ value }) => ends(value)),
      spec.log,
    );
  const scale = y.type === 'log' ? Math.log : (value: number) => value;
  const [x0, x1] = x.domain;
  const [y0, y1] = [scale(y.domain[0]), scale(y.domain[1])];
  return {
    spec,
    size,
    x,
    y,
    pixel: (recall, value) => ({
      x: MARGIN.left + ((x.at(recall) - x0) / (x1 - x0)) * inner.width,
      y: MARGIN.top + (1 - (scale(value) - y0) / (y1 - y0)) * inner.height,
    }),
  };
}

const ends = ({ value, low, high }: Measure): number[] => [value, low ?? value, high ?? value];
