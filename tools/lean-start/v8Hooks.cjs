/** What is awaited before a program starts: a debugger's session. Whoever serialises a function opens it by himself. */
module.exports = { isInitializedAsync: () => Promise.resolve() };
