export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Anchor {
  x: number;
  y: number;
}

export interface LabelRequest {
  key: string;
  /** Size of the text in pixels. */
  width: number;
  height: number;
  /** Ends of the line, the preferred one first. */
  anchors: readonly Anchor[];
  /** Points of other lines: a label nearer to one of them than to its own end would be read as theirs. */
  others: readonly Anchor[];
}

export interface PlacedLabel {
  key: string;
  box: Box;
  anchor: Anchor;
  /** True if the label stands so far from its line that a thin leader should join them. */
  leader: boolean;
}

const RADII = [9, 14, 22, 32, 44, 58, 74, 92, 112, 136, 164];
const ANGLES = Array.from({ length: 16 }, (_, i) => (i * Math.PI) / 8);

/**
 * Puts a label near an end of each line: greedily, the label with the fewest free places first. Labels never cover
 * one another or leave `bounds`; marks and lines (`obstacles`, as points) are avoided as far as there is room.
 */
export function placeLabels(
  requests: readonly LabelRequest[],
  obstacles: readonly Anchor[],
  bounds: Box,
): PlacedLabel[] {
  const placed: PlacedLabel[] = [];
  const open = new Map(requests.map((request) => [request, candidates(request, obstacles, bounds)]));
  while (open.size > 0) {
    const free = [...open].map(([request, list]) => ({
      request,
      list: list.filter(({ box }) => placed.every((other) => !overlap(box, other.box))),
    }));
    free.sort((a, b) => clean(a.list) - clean(b.list));
    const { request, list } = free[0]!;
    const best = list.reduce<Candidate | undefined>(
      (a, b) => (a === undefined || b.cost < a.cost ? b : a),
      undefined,
    );
    // A label without a place, or one that would hide others' marks, is left out: a key below the chart has it.
    if (best !== undefined && best.cost <= WORST)
      placed.push({ key: request.key, box: best.box, anchor: best.anchor, leader: best.distance > 13 });
    open.delete(request);
  }
  return placed;
}

/** Cost of a place above which no label is better. */
const WORST = 150;

interface Candidate {
  box: Box;
  anchor: Anchor;
  distance: number;
  cost: number;
}

const clean = (list: readonly Candidate[]): number => list.filter(({ cost }) => cost < 70).length;

function candidates(
  { width, height, anchors, others }: LabelRequest,
  obstacles: readonly Anchor[],
  bounds: Box,
): Candidate[] {
  return anchors.flatMap((anchor, rank) =>
    RADII.flatMap((radius) =>
      ANGLES.flatMap((angle): Candidate[] => {
        const box = boxAt(anchor, radius, angle, width, height);
        if (!within(box, bounds)) return [];
        const hidden = obstacles.filter((point) => covers(box, point)).length;
        const mistaken = others.some((point) => gap(box, point) < radius) ? 45 : 0;
        const straight = 3 * Math.abs(Math.sin(angle));
        return [
          {
            box,
            anchor,
            distance: radius,
            cost: 1.4 * radius + straight + rank * 12 + hidden * 25 + mistaken,
          },
        ];
      }),
    ),
  );
}

/** The box whose nearest edge or corner lies `radius` from the anchor in the direction of `angle`. */
function boxAt({ x, y }: Anchor, radius: number, angle: number, width: number, height: number): Box {
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  const centreX = x + dx * radius + (Math.abs(dx) < 0.1 ? 0 : (Math.sign(dx) * width) / 2);
  const centreY = y + dy * radius + (Math.abs(dy) < 0.1 ? 0 : (Math.sign(dy) * height) / 2);
  return {
    left: centreX - width / 2,
    right: centreX + width / 2,
    top: centreY - height / 2,
    bottom: centreY + height / 2,
  };
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right + 4 && b.left < a.right + 4 && a.top < b.bottom + 1 && b.top < a.bottom + 1;

/** Pixels from a box to a point; 0 inside. */
const gap = (box: Box, { x, y }: Anchor): number =>
  Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));

const within = (a: Box, b: Box): boolean =>
  a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;

const covers = (box: Box, { x, y }: Anchor): boolean =>
  x > box.left - 4 && x < box.right + 4 && y > box.top - 3 && y < box.bottom + 3;
