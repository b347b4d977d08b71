/** One step of a list: what `setup` opens, `teardown` of the same task closes. */
export interface Task<State> {
  title: string;
  setup(state: State): Promise<void> | void;
  /** Also called after a `setup` that failed half-way: it closes whatever is there. */
  teardown?(state: State): Promise<void> | void;
}

/**
 * Runs tasks in turn. Whatever happens, those that began are torn down, the last one first, and a teardown that fails
 * does not keep the others from theirs.
 *
 * @param onFurtherError takes each error after the first with the title of its task
 * @throws the first error, which is what went wrong; the others usually follow from it
 */
export async function runTasks<State>(
  tasks: readonly Task<State>[],
  state: State,
  onFurtherError: (error: unknown, title: string) => void,
): Promise<void> {
  let first: { error: unknown } | undefined;
  const begun: Task<State>[] = [];
  try {
    for (const task of tasks) {
      begun.unshift(task);
      await task.setup(state);
    }
  } catch (error) {
    first = { error };
  }
  for (const task of begun) {
    try {
      await task.teardown?.(state);
    } catch (error) {
      if (first === undefined) first = { error };
      else onFurtherError(error, task.title);
    }
  }
  if (first !== undefined) throw first.error;
}
