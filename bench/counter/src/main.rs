//! A button that counts its clicks: the least page that Yew makes.

use yew::prelude::*;

#[component]
fn Counter() -> Html {
    let count = use_state(|| 0);
    let onclick = {
        let count = count.clone();
        move |_: MouseEvent| count.set(*count + 1)
    };
    html! { <button type="button" {onclick} data-testid="count">{ *count }</button> }
}

fn main() {
    yew::Renderer::<Counter>::new().render();
}
