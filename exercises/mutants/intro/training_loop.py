"""Answers to training step and accuracy: right in several styles, wrong in the usual ways."""


def right_criterion(net, images, labels, optimizer):
    """The loss as an object; all scores at once."""
    ### BEGIN SOLUTION intro-train-step
    criterion = torch.nn.CrossEntropyLoss()
    net.train()
    scores = net(images)
    batch_loss = criterion(scores, labels)
    optimizer.zero_grad()
    batch_loss.backward()
    optimizer.step()
    loss = float(batch_loss)
    ### END SOLUTION
    ### BEGIN SOLUTION intro-accuracy
    net.eval()
    with torch.no_grad():
        predictions = torch.max(net(images), 1)[1]
    fraction = float((predictions == labels).float().mean())
    ### END SOLUTION
    return loss


def right_log_softmax(net, images, labels, optimizer):
    """Log-softmax and the negative log-likelihood; batches by split, predictions in a list."""
    ### BEGIN SOLUTION intro-train-step
    net.train(True)
    for parameter in net.parameters():
        parameter.grad = None
    log_probabilities = F.log_softmax(net(images), dim=1)
    nll = F.nll_loss(log_probabilities, labels)
    nll.backward()
    optimizer.step()
    loss = nll.detach().numpy().item()
    ### END SOLUTION
    ### BEGIN SOLUTION intro-accuracy
    net.train(False)
    guesses = []
    with torch.inference_mode():
        for part in torch.split(images, batch_size):
            guesses += net(part).argmax(1).tolist()
    right = [guess == label for guess, label in zip(guesses, labels.tolist())]
    fraction = sum(right) / len(right)
    ### END SOLUTION
    return loss


def right_by_hand(net, images, labels, optimizer):
    """The cross entropy written out; the accuracy as a weighted mean of the batches, mode put back afterwards."""
    ### BEGIN SOLUTION intro-train-step
    net.train()
    optimizer.zero_grad(set_to_none=False)
    scores = net(images)
    picked = scores[torch.arange(len(labels)), labels]
    batch_loss = (torch.logsumexp(scores, dim=1) - picked).mean()
    batch_loss.backward()
    optimizer.step()
    loss = batch_loss.item()
    ### END SOLUTION
    ### BEGIN SOLUTION intro-accuracy
    was_training = net.training
    net.eval()
    fraction = 0.0
    with torch.no_grad():
        for i in range(0, len(labels), batch_size):
            hits = net(images[i : i + batch_size]).argmax(dim=-1).eq(labels[i : i + batch_size])
            fraction += hits.double().mean().item() * len(hits) / len(labels)
    net.train(was_training)
    ### END SOLUTION
    return loss


def wrong_zero_grad_late(net, images, labels, optimizer):
    """Cleared the gradients between the backward pass and the step."""
    ### BEGIN SOLUTION intro-train-step
    net.train()
    batch_loss = F.cross_entropy(net(images), labels)
    batch_loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    loss = batch_loss.item()
    ### END SOLUTION
    return loss


def wrong_step_first(net, images, labels, optimizer):
    """Made the step before there were gradients."""
    ### BEGIN SOLUTION intro-train-step
    net.train()
    optimizer.zero_grad()
    batch_loss = F.cross_entropy(net(images), labels)
    optimizer.step()
    batch_loss.backward()
    loss = batch_loss.item()
    ### END SOLUTION
    return loss


def wrong_no_grad_in_training(net, images, labels, optimizer):
    """Used no_grad while training, and made the error message go away."""
    ### BEGIN SOLUTION intro-train-step
    net.train()
    optimizer.zero_grad()
    with torch.no_grad():
        batch_loss = F.cross_entropy(net(images), labels)
    batch_loss.requires_grad_(True)
    batch_loss.backward()
    optimizer.step()
    loss = batch_loss.item()
    ### END SOLUTION
    return loss


EDITS = [
    ("wrong_no_zero_grad", "let gradients add up", "reference", "optimizer.zero_grad()", "pass"),
    ("wrong_no_step", "forgot the step", "reference", "optimizer.step()", "pass"),
    (
        "wrong_softmax_twice",
        "put softmax before the loss",
        "reference",
        "F.cross_entropy(net(images), labels)",
        "F.cross_entropy(F.softmax(net(images), dim=1), labels)",
    ),
    (
        "wrong_sum",
        "summed the loss over the batch",
        "reference",
        "F.cross_entropy(net(images), labels)",
        "F.cross_entropy(net(images), labels, reduction='sum')",
    ),
    (
        "wrong_tensor",
        "returned the loss as a tensor",
        "reference",
        "loss = batch_loss.item()",
        "loss = batch_loss",
    ),
    ("wrong_train_mode", "did not switch to training mode", "reference", "net.train()", "pass"),
    ("wrong_eval_mode", "measured in training mode", "reference", "net.eval()", "pass"),
    ("wrong_graph", "kept gradients while measuring", "right_criterion", "with torch.no_grad():", "if True:"),
    (
        "wrong_mean_of_means",
        "averaged the batches",
        "right_by_hand",
        "hits.double().mean().item() * len(hits) / len(labels)",
        "hits.double().mean().item() / -(-len(labels) // batch_size)",
    ),
    (
        "wrong_last_batch",
        "left the last, smaller batch out",
        "reference",
        "for start in range(0, len(images), batch_size):",
        "for start in range(0, len(images) // batch_size * batch_size, batch_size):",
    ),
    (
        "wrong_count",
        "returned the number of right answers",
        "reference",
        "fraction = right / len(images)",
        "fraction = right",
    ),
    (
        "wrong_percent",
        "returned percent",
        "reference",
        "fraction = right / len(images)",
        "fraction = 100 * right / len(images)",
    ),
    (
        "wrong_axis",
        "took the largest over the images",
        "reference",
        "scores.argmax(dim=1) == labels",
        "scores.argmax(dim=0)[:1] == labels",
    ),
]
