/** placeholder */
export const threadWatch = { goesOn() {} };
