import { post } from "./api.js";
import { el, setText } from "./dom.js";
import { word } from "./words.js";

export function show(view, onDone) {
  const user = el("input", { id: "user", autocomplete: "username", required: true }), password = el("input", { id: "password", type: "password", autocomplete: "current-password", required: true });
  const note = el("p", { class: "advice", role: "alert" });
  const form = el("form", { class: "card login", onsubmit: async (event) => {
    event.preventDefault();
    try {
      await post("login", { user: user.value, password: password.value });
      onDone();
    } catch (error) {
      password.value = "";
      setText(note, error.message);
    }
  } }, el("h2", { text: word("login") }), el("p", { class: "muted", text: word("login_text") }),
  el("label", { for: "user", text: word("user") }), user, el("label", { for: "password", text: word("password") }), password,
  el("button", { type: "submit", text: word("login") }), note);
  view.replaceChildren(form);
  user.focus();
}
