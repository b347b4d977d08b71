import type { SchemaTree } from 'hyparquet';
import { InputError } from '../../../common/errors.js';
import {
  type ColumnChoice,
  mayBeVector,
  pickName,
  sparseVector,
  unknownColumn,
  VECTOR_NAMES,
} from '../names.js';
import { dimensionColumns } from '../records/dimension-columns.js';
import type { Component, OwnFormat } from './own-format.js';
import { isCell, isNumber, listLeaf, scalarType, typeWords } from './schema.js';

/**
 * The vector's column. `bytes`: fixed-length bytes as this project writes them. `list`: a list of numbers, or of texts that
 * are numbers; a list of one such list too. `cell`: one text or binary value per row, which holds the numbers in a form
 * that is told from the first. `columns`: one column for each dimension.
 */
export type VectorColumn = { name: string; taken: readonly SchemaTree[] } & (
  | { kind: 'bytes'; path: SchemaTree[]; component: Component }
  | { kind: 'list'; path: SchemaTree[] }
  | { kind: 'cell'; path: SchemaTree[] }
  | { kind: 'columns'; paths: SchemaTree[][] }
);

/** Throws InputError if there is none, or if it is not certain which. */
export function findVector(
  file: string,
  root: SchemaTree,
  own: OwnFormat | undefined,
  { vector, lenient }: ColumnChoice,
): { column: VectorColumn; others: string[] } {
  if (vector !== undefined && own?.vector !== vector) {
    const chosen = chosenColumn(file, root, vector, lenient === true);
    if (chosen !== undefined) return { column: chosen, others: [] };
  }
  if (own !== undefined) return { column: ownColumn(file, root, own), others: [] };
  const lists = root.children.filter((each) => mayBeVector(nameOf(each)) && isNumbers(each));
  const cells = root.children.filter((each) => isTexts(each) || isTextual(each) || isNestedList(each));
  const name =
    pickName(lists.map(nameOf), VECTOR_NAMES) ??
    pickName(cells.map(nameOf), VECTOR_NAMES) ??
    (lists.length === 1 ? nameOf(lists[0]!) : undefined);
  if (name !== undefined) {
    const node = root.children.find((each) => nameOf(each) === name)!;
    refuseSparse(file, root, [node]);
    const others = lists.filter(
      (each) => each !== node && scalarType(listLeaf(each)!.leaf.element) === 'float',
    );
    return { column: columnOf(root, [node])!, others: others.map(nameOf) };
  }
  if (lists.length > 1) throw several(file, lists.map(nameOf));
  const columns = oneForEach(file, root, undefined);
  if (columns !== undefined) return { column: columns, others: [] };
  const nested = nestedLists(root);
  if (nested.length === 1) {
    refuseSparse(file, root, nested[0]!);
    return { column: columnOf(root, nested[0]!)!, others: [] };
  }
  if (nested.length > 1) throw several(file, nested.map(dotted));
  throw noVector(file, root);
}

const nameOf = (node: SchemaTree): string => node.element.name;
const dotted = (path: readonly SchemaTree[]): string => path.map(nameOf).join('.');

function refuseSparse(file: string, root: SchemaTree, path: readonly SchemaTree[]): void {
  const parent = path.at(-2) ?? root;
  const beside = parent.children.find((each) => nameOf(each).toLowerCase() === 'indices');
  if (nameOf(path.at(-1)!).toLowerCase() === 'values' && beside !== undefined && isNumbers(beside))
    throw sparseVector(file, dotted(path));
}

/** Decimals are stored without their scale: as numbers they would be others. */
function isComponent(leaf: SchemaTree): boolean {
  const { converted_type: converted, logical_type: logical } = leaf.element;
  return isNumber(leaf) && converted !== 'DECIMAL' && logical?.type !== 'DECIMAL';
}

function isNumbers(node: SchemaTree): boolean {
  const list = listLeaf(node);
  return list?.depth === 1 && isComponent(list.leaf);
}

function isNestedList(node: SchemaTree): boolean {
  const list = listLeaf(node);
  return list?.depth === 2 && isComponent(list.leaf);
}

function isTexts(node: SchemaTree): boolean {
  const list = listLeaf(node);
  return list?.depth === 1 && scalarType(list.leaf.element) === 'string';
}

/** One text or binary value per row. */
function isTextual(node: SchemaTree): boolean {
  return isCell(node) && node.element.type?.endsWith('BYTE_ARRAY') === true && !isNumber(node);
}

/** @param path from below the root to the column */
function columnOf(root: SchemaTree, path: readonly SchemaTree[]): VectorColumn | undefined {
  const node = path.at(-1)!;
  const base = { name: dotted(path), taken: [path[0]!] };
  if (isNumbers(node) || isTexts(node) || isNestedList(node)) {
    const { between } = listLeaf(node)!;
    return { ...base, kind: 'list', path: [root, ...path.slice(0, -1), ...between] };
  }
  return isTextual(node) ? { ...base, kind: 'cell', path: [root, ...path] } : undefined;
}

function chosenColumn(
  file: string,
  root: SchemaTree,
  name: string,
  lenient: boolean,
): VectorColumn | undefined {
  if (name.endsWith('*')) return oneForEach(file, root, name.slice(0, -1));
  const path = pathTo(root, name);
  if (path === undefined) {
    if (lenient) return undefined;
    const names = [...root.children.map(nameOf), ...nestedLists(root).map(dotted)];
    throw unknownColumn(
      file,
      name,
      names.map((each) => ({ name: each, type: '' })),
      'vector',
    );
  }
  const column = columnOf(root, path);
  if (column !== undefined) return column;
  throw new InputError(
    `the column "${name}", which was chosen as the vector, is ${typeWords(path.at(-1)!)}`,
    {
      where: file,
      next: 'give a list of numbers (float32 is best), such a list as text, base64 or binary float32',
    },
  );
}

/** Nodes along a dotted name; a name that has dots itself comes first. */
function pathTo(node: SchemaTree, name: string): SchemaTree[] | undefined {
  const whole = node.children.find((child) => nameOf(child) === name);
  if (whole !== undefined) return [whole];
  for (const child of node.children) {
    const prefix = `${nameOf(child)}.`;
    const rest = name.startsWith(prefix) ? pathTo(child, name.slice(prefix.length)) : undefined;
    if (rest !== undefined) return [child, ...rest];
  }
  return undefined;
}

function ownColumn(file: string, root: SchemaTree, own: OwnFormat): VectorColumn {
  const column = root.children.find((child) => nameOf(child) === own.vector);
  const size = column?.element.type_length ?? 0;
  const whole = size > 0 && size % (own.component === 'float16' ? 2 : 4) === 0;
  if (column?.element.type === 'FIXED_LEN_BYTE_ARRAY' && whole) {
    const path = [root, column];
    return { kind: 'bytes', name: own.vector, taken: [column], path, component: own.component };
  }
  throw new InputError(
    `has no column "${own.vector}" of ${own.component} vectors, which its metadata states`,
    { where: file, next: 'the file is damaged: write or download it again' },
  );
}

function oneForEach(file: string, root: SchemaTree, prefix: string | undefined): VectorColumn | undefined {
  const numeric = root.children.filter((child) => isCell(child) && isNumber(child));
  const place = dimensionColumns(file, Object.fromEntries(numeric.map((each) => [nameOf(each), 0])), prefix);
  if (place?.kind !== 'columns') return undefined;
  const taken = place.names.map((name) => numeric.find((each) => nameOf(each) === name)!);
  const name = `${place.names[0]}" to "${place.names.at(-1)}`;
  return { kind: 'columns', name, taken, paths: taken.map((each) => [root, each]) };
}

/** Lists of numbers inside of structs of which some part has a known name. */
function nestedLists(root: SchemaTree): SchemaTree[][] {
  const found: SchemaTree[][] = [];
  const visit = (node: SchemaTree, path: SchemaTree[]): void => {
    const here = [...path, node];
    if (here.length > 1 && isNumbers(node)) {
      if (pickName(here.map(nameOf), VECTOR_NAMES) !== undefined) found.push(here);
    } else if (node.element.repetition_type !== 'REPEATED') {
      for (const child of node.children) visit(child, here);
    }
  };
  for (const child of root.children) if (!isNumbers(child)) visit(child, []);
  return found;
}

function several(file: string, names: readonly string[]): InputError {
  return new InputError('has several columns with lists of numbers and none is called vector or embedding', {
    where: file,
    got: names,
    next: `choose one: --vector ${names[0]} (dataset.vector in a suite)`,
  });
}

function noVector(file: string, root: SchemaTree): InputError {
  const names = root.children.map(nameOf);
  const name = pickName(names, VECTOR_NAMES);
  const next =
    'name the vector with --vector (dataset.vector in a suite); a list of float32 is best, text and base64 are read too';
  if (name === undefined) {
    return new InputError('has no vector column: none holds lists of numbers', {
      where: file,
      got: names,
      next,
    });
  }
  const type = typeWords(root.children.find((child) => nameOf(child) === name)!);
  return new InputError(`has no vector column: "${name}" is ${type}`, { where: file, got: names, next });
}
