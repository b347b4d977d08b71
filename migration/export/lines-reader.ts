import { InputError, messageOf } from '../../common/errors.js';
import { readLines } from '../../datasets/formats/lines.js';
import type { Point } from '../../engines/contract/points.js';
import type { PointShape } from './canonical.js';
import { pointOf } from './lines.js';

/** Points of a group: what a reader holds in memory at a time. */
const GROUP = 1000;

/**
 * Reads a part of JSON lines.
 * @throws InputError naming the file and the line if it is damaged
 */
export async function* readLinesPart(path: string, shape: PointShape): AsyncGenerator<Point[]> {
  let points: Point[] = [];
  let number = 0;
  for await (const line of readLines(path)) {
    number++;
    points.push(parsed(shape, line, `${path}:${number}`));
    if (points.length < GROUP) continue;
    yield points;
    points = [];
  }
  if (points.length > 0) yield points;
}

function parsed(shape: PointShape, line: string, where: string): Point {
  try {
    return pointOf(shape, line);
  } catch (error) {
    throw new InputError(`is damaged: ${messageOf(error)}`, {
      where,
      next: 'restore the file from a copy, or export again',
      cause: error,
    });
  }
}
