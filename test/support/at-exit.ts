const actions: (() => void)[] = [];

process.once('exit', () => {
  for (const action of actions) action();
});

/** Runs `action` when the process ends, whatever the tests did. */
export function atExit(action: () => void): void {
  actions.push(action);
}
